import type { AwsService } from './aws-services.ts';
import { outageOf } from './aws-services.ts';
import type { MachineState } from './machine-states.ts';
import { type Path, Trial } from './paths.ts';
import type { World } from './world.ts';

/** How a way ended, in what must not depend on an outage. */
export interface Ending {
  /** Of the executions, in the order in which they began: machine, status and error. */
  readonly executions: readonly string[];
  readonly isMoved: boolean;
  readonly isAtRest: boolean;
  /** Keys that work, at the vendor. */
  readonly keys: number;
  readonly story: readonly string[];
}

export interface Outage {
  readonly service: AwsService;
  readonly state: MachineState;
  readonly seconds: number;
}

export interface Course {
  readonly path: string;
  readonly entered: readonly MachineState[];
  readonly ending: Ending;
  /** When AWSCURRENT did not work. */
  readonly refusals: readonly string[];
  /** Calls that the outage refused; undefined when its state was never entered. */
  readonly struck: number | undefined;
  /** Tasks that failed, of all executions. */
  readonly failedTasks: number;
  /** From the first execution's begin to the last one's end, in the cloud's time. */
  readonly seconds: number;
}

const WATCH_MILLISECONDS = 100;

/** Takes one secret along a path, with or without an outage, and looks at AWSCURRENT all the while. */
export async function runTrial(world: World, name: string, path: Path, outage?: Outage): Promise<Course> {
  const trial = new Trial(world, name);
  const first = world.label(name, 'AWSCURRENT');
  const counts = new Map<MachineState, number>();
  const strike = outage && begins(trial, outage);
  const watch = watcherOf(trial);
  world.listen(name, (state) => {
    const nth = (counts.get(state) ?? 0) + 1;
    counts.set(state, nth);
    watch.look(state);
    path.entering?.(trial, state, nth);
    if (outage?.state === state && nth === 1) strike?.begin();
  });
  try {
    await path.walk(trial);
    await world.atRest(name);
    await strike?.over();
    // What was retried while the service was away goes on after it.
    await world.atRest(name);
  } finally {
    watch.stop();
  }
  const executions = world.executions(name);
  return {
    path: path.name,
    entered: world.entered(name),
    ending: await endingOf(trial, first),
    refusals: watch.refusals,
    struck: strike?.struck(),
    failedTasks: executions.flatMap(({ history }) => history).filter(({ type }) => /^Task(Failed|TimedOut)$/.test(type))
      .length,
    seconds:
      (Math.max(...executions.map(({ stoppedAt }) => stoppedAt?.getTime() ?? 0)) -
        Math.min(...executions.map(({ startedAt }) => startedAt.getTime()))) /
      1_000,
  };
}

/** Uses AWSCURRENT's key all the while, as each state is entered, and right before the vendor takes a key away. */
function watcherOf({ world, name, vendor }: Trial) {
  const refusals: string[] = [];
  const look = (when: string) => {
    if (!vendor.accepts(world.key(name))) refusals.push(`${when}: ${world.label(name, 'AWSCURRENT')} does not work`);
  };
  vendor.onRevocation = (key) => {
    if (key === world.key(name)) refusals.push(`the key of ${world.label(name, 'AWSCURRENT')} was revoked`);
  };
  const timer = setInterval(() => look('meanwhile'), WATCH_MILLISECONDS);
  return { refusals, look, stop: () => clearInterval(timer) };
}

/** The service goes away as the state is entered, and comes back by itself. */
function begins({ world, name }: Trial, { service, seconds }: Outage) {
  const id = `outage of ${service} for ${name}`;
  let begun = false;
  let struck = 0;
  let settle: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return {
    begin() {
      begun = true;
      world.cloud.faults.add({ id, ...outageOf(service, name) });
      world.cloud.clock.after(seconds * 1_000, () => {
        struck = world.cloud.faults.list().find((rule) => rule.id === id)?.struck ?? 0;
        world.cloud.faults.remove(id);
        settle();
      });
    },
    over: () => (begun ? ended : Promise.resolve()),
    struck: () => (begun ? struck : undefined),
  };
}

async function endingOf({ world, name, vendor }: Trial, first: string | undefined): Promise<Ending> {
  const current = world.label(name, 'AWSCURRENT');
  const pending = world.label(name, 'AWSPENDING');
  const story = await settledStory(world, name);
  return {
    executions: world
      .executions(name)
      .map(({ machine, status, error }) => [machine.name, status, error].filter(Boolean).join(' ')),
    isMoved: current !== first,
    isAtRest: world.label(name, 'KEYTURN_IN_FLIGHT') === undefined && (pending === undefined || pending === current),
    keys: vendor.keys.size,
    story: [...new Set(story)].sort(),
  };
}

/** Events reach the table a moment after they are published, and later where DynamoDB was away: it is waited for. */
const STORY_SECONDS = 200;
async function settledStory(world: World, name: string): Promise<string[]> {
  const told = async () =>
    (await world.story(name)).map(({ type, detail }) =>
      [type, detail.consumer ?? detail.check].filter(Boolean).join(' '),
    );
  const trial = new Trial(world, name);
  let story = await told();
  for (let waited = 0, still = 0; waited < STORY_SECONDS && still < 5; waited += 5) {
    await trial.pause(5);
    const now = await told();
    still = now.length === story.length ? still + 1 : 0;
    story = now;
  }
  return story;
}
