import { systemClock } from '../../../packages/laptop/clock.ts';
import { byExtent } from '../../extent.ts';
import { type AwsService, awsServices, titles } from './aws-services.ts';
import { LeapingClock } from './leaping-clock.ts';
import { type MachineState, machineFiles, machineStates, machines, untried } from './machine-states.ts';
import { outagesTable, type Tried } from './outages-table.ts';
import { type Path, paths } from './paths.ts';
import { type Course, runTrial } from './trial-run.ts';
import { type Point, World } from './world.ts';

const OUTAGE_SECONDS = 60;
/** The long run waits as AWS does; the others leap over what only waits, and meet the same tries. */
const isLong = byExtent({ short: false, wide: false, long: true });

/** Of every so many states one is tried; with which of the services, by its place among them. */
type Round = readonly [title: string, every: number, at: (index: number) => AwsService];
const eachService = awsServices.map((service): Round => [titles[service], 1, () => service]);
const inTurn = (index: number) => awsServices[index % awsServices.length] as AwsService;
const rounds = byExtent<readonly Round[]>({
  short: [['one of the services', 3, inTurn]],
  wide: eachService,
  long: eachService,
});

interface Way extends Point {
  readonly path: Path;
  readonly outage?: { readonly service: AwsService; readonly state: MachineState; readonly seconds: number };
}

/** Functions at work, each of them a process, while no further secret sets out; and how long one takes to be at work. */
const MOST_BUSY = 4;
const SET_OUT_MILLISECONDS = 100;

/** Secrets of one stack: a template holds 500 resources, and the policies of many make every call slower. */
const MOST_SECRETS = 60;

async function goInStacks(ways: readonly Way[]): Promise<Course[]> {
  const courses: Course[] = [];
  while (courses.length < ways.length) {
    courses.push(...(await goAll(ways.slice(courses.length, courses.length + MOST_SECRETS))));
  }
  return courses;
}

/** Every secret of a stack goes its way, side by side. */
async function goAll(ways: readonly Way[]): Promise<Course[]> {
  const clock = isLong ? systemClock : new LeapingClock();
  const world = await World.open(ways, clock);
  try {
    const courses: Promise<Course>[] = [];
    for (const { name, path, outage } of ways) {
      const expectedStory = undisturbed.get(path.name)?.ending.story ?? [];
      do await new Promise((resolve) => setTimeout(resolve, SET_OUT_MILLISECONDS));
      while (world.stage.busyFunctions() >= MOST_BUSY);
      courses.push(runTrial(world, name, path, outage && { outage, expectedStory }));
    }
    return await Promise.all(courses);
  } finally {
    await world.close();
  }
}

/** What the ways are like without an outage, and which of them leads to a state. */
let undisturbed = new Map<string, Course>();
let wayTo = new Map<MachineState, Path>();

const nameOf = (index: number) => `outages-${String(index).padStart(3, '0')}`;

beforeAll(async () => {
  const courses = await goAll(paths.map((path, index) => ({ name: nameOf(index), path, consumers: path.consumers })));
  undisturbed = new Map(courses.map((course) => [course.path, course]));
  wayTo = new Map();
  for (const [index, { entered }] of courses.entries()) {
    for (const state of entered) if (!wayTo.has(state)) wayTo.set(state, paths[index] as Path);
  }
}, 900_000);

test('a way leads to every state of every machine that a rotation goes through, or the reason is written down', () => {
  expect(machineFiles().sort()).toEqual([...machines, 'rotate-fleet'].sort());
  const without = machineStates().filter((state) => !wayTo.has(state));
  expect(without.sort()).toEqual(Object.keys(untried).sort());
});

test('without an outage AWSCURRENT works on every way, and everything comes to rest', () => {
  for (const { path, ending, refusals } of undisturbed.values()) {
    expect({ path, refusals, isAtRest: ending.isAtRest, keys: ending.keys }).toEqual({
      ...{ path, refusals: [], isAtRest: true, keys: 1 },
    });
  }
});

/** Of all rounds: the table of docs/reliability.md. */
const allTried: Tried[] = [];
afterAll(() => console.info(outagesTable(allTried)));

/**
 * What an outage may add to a story: a step that failed and was tried again, a consumer that was not reached at once, a look at
 * the evidence that came before the last use was long enough ago.
 */
const mayBeAdded =
  /^(Rotation Step Failed|Retirement Blocked|Consumer Lagging .*|Consumer Converging .*|Consumer Converged .*)$/;

/** A step of a rotation is not held up for its event: what EventBridge does not take within the SDK's tries is logged. */
const mayBeMissing = (service: AwsService, event: string) =>
  service === 'events' && event === 'Rotation Step Succeeded';

/** What differs from the same way without an outage. */
function differences(service: AwsService, { ending, refusals, path }: Course): string[] {
  const before = (undisturbed.get(path) as Course).ending;
  const added = (kind: 'executions' | 'story') => ending[kind].filter((one) => !before[kind].includes(one));
  const missing = (kind: 'executions' | 'story') => before[kind].filter((one) => !ending[kind].includes(one));
  return [
    ...refusals.map((refusal) => `AWSCURRENT: ${refusal}`),
    ...added('executions').map((execution) => `it also ended: ${execution}`),
    ...missing('executions').map((execution) => `it did not end: ${execution}`),
    ...added('story').flatMap((event) => (mayBeAdded.test(event) ? [] : [`its story has also: ${event}`])),
    ...missing('story').flatMap((event) => (mayBeMissing(service, event) ? [] : [`its story has not: ${event}`])),
    ...(ending.isMoved === before.isMoved ? [] : [`AWSCURRENT ${ending.isMoved ? 'has' : 'has not'} moved`]),
    ...(ending.isAtRest ? [] : ['labels are left']),
    ...(ending.keys === before.keys ? [] : [`the vendor has ${ending.keys} keys`]),
  ];
}

test.each(rounds)(
  `${OUTAGE_SECONDS} seconds without %s as a state is entered: AWSCURRENT works throughout, and all ends as it would have`,
  async (_, every, serviceAt) => {
    const states = machineStates().filter((state, index) => wayTo.has(state) && index % every === 0);
    const ways = states.map((state, index): Way => {
      const path = wayTo.get(state) as Path;
      const outage = { service: serviceAt(index), state, seconds: OUTAGE_SECONDS };
      return { name: nameOf(index), path, consumers: path.consumers, outage };
    });
    const courses = await goInStacks(ways);
    const tried = courses.map((course, index): Tried => {
      const before = undisturbed.get(course.path) as Course;
      return {
        ...(ways[index]?.outage as NonNullable<Way['outage']>),
        struck: course.struck,
        failedTasks: course.failedTasks - before.failedTasks,
        delaySeconds: course.seconds - before.seconds,
      };
    });
    allTried.push(...tried);
    const wrong = courses.flatMap((course, index) => {
      const { service, state } = ways[index]?.outage as NonNullable<Way['outage']>;
      const found = course.struck === undefined ? ['the state was not entered'] : differences(service, course);
      return found.map((difference) => `${service} at ${state} (${course.path}): ${difference}`);
    });
    expect(wrong).toEqual([]);
  },
  1_800_000,
);
