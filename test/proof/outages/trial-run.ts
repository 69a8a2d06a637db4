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
export async function runTrial(
  world: World,
  name: string,
  path: Path,
  disturbance?: { readonly outage: Outage; readonly expectedStory: readonly string[] },
): Promise<Course> {
  const { outage, expectedStory } = disturbance ?? {};
  const trial = new Trial(world, name);
  // A deployment has a story too.
  const before = new Set((await world.stage.story(name)).map(({ detail }) => String(detail.id)));
  const first = world.stage.label(name, 'AWSCURRENT');
  const counts = new Map<MachineState, number>();
  const strike = outage && begins(trial, outage);
  const watch = watcherOf(trial);
  world.stage.listen(name, (state) => {
    const nth = (counts.get(state) ?? 0) + 1;
    counts.set(state, nth);
    watch.look(state);
    path.entering?.(trial, state, nth);
    if (outage?.state === state && nth === 1) strike?.begin();
  });
  try {
    await path.walk(trial);
    await world.stage.atRest(name);
    await strike?.over();
    // What was retried while the service was away goes on after it.
    await world.stage.atRest(name);
  } finally {
    watch.stop();
  }
  const story = await settledStory(trial, before, expectedStory);
  const executions = world.stage.executions(name);
  return {
    path: path.name,
    entered: world.stage.entered(name),
    ending: endingOf(trial, first, story),
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
    if (!vendor.accepts(world.key(name)))
      refusals.push(`${when}: ${world.stage.label(name, 'AWSCURRENT')} does not work`);
  };
  vendor.onRevocation = (key) => {
    if (key === world.key(name)) refusals.push(`the key of ${world.stage.label(name, 'AWSCURRENT')} was revoked`);
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
      world.stage.cloud.faults.add({ id, ...outageOf(service, name) });
      world.stage.cloud.clock.after(seconds * 1_000, () => {
        struck = world.stage.cloud.faults.list().find((rule) => rule.id === id)?.struck ?? 0;
        world.stage.cloud.faults.remove(id);
        settle();
      });
    },
    over: () => (begun ? ended : Promise.resolve()),
    struck: () => (begun ? struck : undefined),
  };
}

function endingOf({ world, name, vendor }: Trial, first: string | undefined, story: readonly string[]): Ending {
  const current = world.stage.label(name, 'AWSCURRENT');
  const pending = world.stage.label(name, 'AWSPENDING');
  return {
    executions: world.stage
      .executions(name)
      .map(({ machine, status, error }) => [machine.name, status, error].filter(Boolean).join(' ')),
    isMoved: current !== first,
    isAtRest:
      world.stage.label(name, 'KEYTURN_IN_FLIGHT') === undefined && (pending === undefined || pending === current),
    keys: vendor.keys.size,
    story,
  };
}

/** Lambda tries an event again after a minute, and after two more. */
const STORY_SECONDS = 300;
const QUIET_SECONDS = 25;

/**
 * What the story has of this way: events reach the table a moment after they are published, and later where DynamoDB was away.
 * It is waited for until all that is expected is there; without an expectation, until nothing comes any more.
 */
async function settledStory(
  trial: Trial,
  before: ReadonlySet<string>,
  expected?: readonly string[],
): Promise<string[]> {
  const { world, name } = trial;
  const read = async () =>
    (await world.stage.story(name))
      .filter(({ detail }) => !before.has(String(detail.id)))
      .map(({ type, detail: { consumer, check } }) => [type, consumer ?? check].filter(Boolean).join(' '))
      .map((event) => event.replace(name, '…'));
  let story = await read();
  let quietSeconds = 0;
  for (let seconds = 0; seconds < STORY_SECONDS; seconds += 5) {
    const isWhole = expected?.every((event) => story.includes(event)) ?? quietSeconds >= QUIET_SECONDS;
    if (isWhole) break;
    await trial.pause(5);
    const now = await read();
    quietSeconds = now.length === story.length ? quietSeconds + 5 : 0;
    story = now;
  }
  return [...new Set(story)].sort();
}
