import { LeapingClock } from './leaping-clock.ts';
import { HEARD_QUEUE } from './outages-stack.ts';
import { Trial } from './paths.ts';
import { queueUrl, receive } from './queues.ts';
import { World } from './world.ts';

let world: World;
const trials = new Map<string, Trial>();
const names = ['heard', 'one-alarm', 'stopped'];
beforeAll(async () => {
  const points = names.map((name) => ({ name, consumers: 'notified' as const }));
  world = await World.open(points, new LeapingClock(), { forwardStory: true });
  for (const name of names) trials.set(name, new Trial(world, name));
}, 240_000);
afterAll(() => world?.close());

const trialOf = (name: string) => trials.get(name) as Trial;
const ask = (service: string, operation: string, input: object) => world.stage.ask(service, operation, input);

test('the story reaches a rule of a person’s own on the default bus, where the pipeline forwards it', async () => {
  const name = 'heard';
  expect(await trialOf(name).rotate()).toMatchObject({ status: 'SUCCEEDED' });
  await world.stage.atRest(name);
  await trialOf(name).pause(20);
  const bodies = (await receive(world.stage, await queueUrl(world.stage, new RegExp(HEARD_QUEUE)))).map(({ Body }) =>
    JSON.parse(Body),
  );
  const heard = bodies.filter(({ detail }) => detail.secretName === name);
  expect(heard.map((event) => event['detail-type'])).toEqual(
    expect.arrayContaining(['Rotation Started', 'Secret Promoted', 'Rotation Succeeded']),
  );
  for (const event of heard) expect(event.source).toBe('keyturn');
  expect(bodies.map((event) => event['detail-type'])).not.toContain('Rotation Requested');
}, 240_000);

describe('one incident rings one alarm', () => {
  const watched = ['RotationFailed', 'RotationRolledBack', 'ExecutionFailed'] as const;

  /** Functions date their metrics by their own clock, which does not leap: all that there ever was is counted. */
  async function counts(): Promise<number[]> {
    const sumOf = async (MetricName: string) => {
      const { Datapoints = [] } = await ask('monitoring', 'GetMetricStatistics', {
        ...{ Namespace: 'Keyturn', MetricName, Dimensions: [{ Name: 'service', Value: 'keyturn' }] },
        ...{ StartTime: new Date(Date.now() - 86_400_000), EndTime: new Date(Date.now() + 86_400_000) },
        ...{ Period: 3_600, Statistics: ['Sum'] },
      });
      return Datapoints.reduce((sum: number, { Sum }: { Sum: number }) => sum + Sum, 0);
    };
    return Promise.all(watched.map(sumOf));
  }

  /** The metrics that count what happens, each of which an alarm of its name looks at. */
  async function rung(trial: Trial, happens: () => Promise<unknown>): Promise<string[]> {
    const before = await counts();
    await happens();
    await world.stage.atRest(trial.name);
    await trial.pause(30);
    const after = await counts();
    return watched.filter((_, index) => (after[index] ?? 0) > (before[index] ?? 0));
  }

  test('a rotation that failed and has said so: RotationFailed alone', async () => {
    const trial = trialOf('one-alarm');
    const rings = await rung(trial, async () => {
      trial.vendor.refusesNewKeys = true;
      expect(await trial.rotate()).toMatchObject({ status: 'FAILED' });
      trial.vendor.refusesNewKeys = false;
    });
    expect(rings).toEqual(['RotationFailed']);
  }, 240_000);

  test('a rotation that was rolled back and has said so: RotationRolledBack alone', async () => {
    const trial = trialOf('one-alarm');
    const rings = await rung(trial, async () => {
      trial.gate('closed');
      expect(await trial.rotate()).toMatchObject({ status: 'FAILED' });
      trial.gate('open');
    });
    expect(rings).toEqual(['RotationRolledBack']);
  }, 240_000);

  test('a rotation that was stopped, and could not say so: ExecutionFailed alone', async () => {
    const trial = trialOf('stopped');
    world.stage.listen('stopped', (state) => {
      if (state !== 'rotate-secret WaitForPromotion') return;
      const running = world.stage.executions('stopped').find(({ status }) => status === 'RUNNING');
      void ask('states', 'StopExecution', { executionArn: running?.arn });
    });
    const rings = await rung(trial, async () => expect(await trial.rotate()).toMatchObject({ status: 'ABORTED' }));
    expect(rings).toEqual(['ExecutionFailed']);
  }, 240_000);
});
