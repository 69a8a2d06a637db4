import { systemClock } from '../../../packages/laptop/clock.ts';
import { LeapingClock } from './leaping-clock.ts';
import { machineStates } from './machine-states.ts';
import { paths } from './paths.ts';
import { runTrial } from './trial-run.ts';
import { World } from './world.ts';

const t0 = Date.now();
const only = process.argv.slice(2).map(Number);
const chosen = paths.filter((_, i) => only.length === 0 || only.includes(i));
const points = chosen.map(({ consumers }, i) => ({ name: `outages-s${String(i).padStart(3, '0')}`, consumers }));
const clock = process.env.REAL ? systemClock : new LeapingClock();
const world = await World.open(points, clock);
const begun = world.cloud.clock.now().getTime();
if (clock instanceof LeapingClock) clock.isStill = () => world.isStill();
console.log('open', Date.now() - t0, process.cpuUsage());
const timer = setInterval(() => {
  for (const [i, { name }] of points.entries()) {
    const running = world.executions(name).filter((e) => e.status === 'RUNNING');
    console.log(
      name,
      chosen[i]!.name,
      running.map(
        (e) =>
          `${e.machine.name} ${e.history.at(-1)?.type} ${JSON.stringify([...e.history].reverse().find((x) => x.type === 'TaskFailed') ?? {}).slice(0, 300)}`,
      ),
      world.entered(name).slice(-3),
    );
  }
}, 15000);
const courses = await Promise.all(chosen.map((path, i) => runTrial(world, points[i]!.name, path)));
clearInterval(timer);
console.log('ran', Date.now() - t0, 'cloud', world.cloud.clock.now().getTime() - begun, process.cpuUsage());
for (const c of courses) console.log(JSON.stringify({ ...c, entered: undefined }, null, 1));
const all = new Set(courses.flatMap((c) => c.entered));
console.log(
  'missing',
  machineStates().filter((s) => !all.has(s)),
);
await world.close().catch((e) => console.log('close', e));
console.log('closed', Date.now() - t0);
process.exit(0);
