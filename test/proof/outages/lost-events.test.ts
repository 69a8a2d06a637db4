import type { SnsService } from '../../../packages/laptop/services/sns/service.ts';
import { LeapingClock } from './leaping-clock.ts';
import { HEARD_QUEUE } from './outages-stack.ts';
import { Trial } from './paths.ts';
import { World } from './world.ts';

/** Lambda gives an event up after three minutes. */
const TRIES_SECONDS = 200;

let world: World;
const trials = new Map<string, Trial>();
const names = ['lost-history', 'lost-notice', 'one-alarm', 'stopped', 'heard'];
beforeAll(async () => {
  const points = names.map((name) => ({ name, consumers: 'notified' as const }));
  world = await World.open(points, new LeapingClock(), { forwardStory: true });
  for (const name of names) trials.set(name, new Trial(world, name));
}, 240_000);
afterAll(() => world?.close());

const trialOf = (name: string) => trials.get(name) as Trial;
const ask = (service: string, operation: string, input: object) => world.stage.ask(service, operation, input);

interface Message {
  readonly Body: string;
  readonly ReceiptHandle: string;
}

async function queueUrl(name: RegExp): Promise<string> {
  const { QueueUrls = [] } = await ask('sqs', 'ListQueues', {});
  return QueueUrls.find((url: string) => name.test(url)) as string;
}

/** Every message that is there now, as docs/operating.md says how to look. */
async function receive(QueueUrl: string): Promise<Message[]> {
  const messages: Message[] = [];
  for (;;) {
    const { Messages = [] } = await ask('sqs', 'ReceiveMessage', {
      QueueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: 43_200,
    });
    if (Messages.length === 0) return messages;
    messages.push(...Messages);
  }
}

async function alarm(name: string): Promise<string> {
  const { MetricAlarms = [] } = await ask('monitoring', 'DescribeAlarms', { AlarmNames: [`keyturn-${name}`] });
  return MetricAlarms[0]?.StateValue;
}

/** docs/operating.md, section DeadLetters: the event is given to its function again. */
async function replay(QueueUrl: string, messages: readonly Message[]): Promise<void> {
  for (const { Body, ReceiptHandle } of messages) {
    const { requestContext, requestPayload } = JSON.parse(Body);
    await ask('lambda', 'Invoke', {
      FunctionName: requestContext.functionArn,
      Payload: Buffer.from(JSON.stringify(requestPayload)),
    });
    await ask('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle });
  }
}

const storyOf = async (name: string) => (await world.stage.story(name)).map(({ type }) => type);

test('the history is away for longer than Lambda tries: its events are dead letters, the alarm rings, and a replay writes them', async () => {
  const name = 'lost-history';
  const trial = trialOf(name);
  const { faults } = world.stage.cloud;
  const before = await storyOf(name);
  faults.add({
    ...{ id: name, kind: 'error', service: 'dynamodb', operation: 'PutItem', mentions: name },
    ...{ rate: 1, code: 'InternalServerError', httpStatus: 500, message: 'away' },
  });
  expect(await trial.rotate()).toMatchObject({ status: 'SUCCEEDED' });
  await world.stage.atRest(name);
  await trial.pause(TRIES_SECONDS);
  faults.remove(name);
  expect(await storyOf(name)).toEqual(before);
  const url = await queueUrl(/DeadLetters/);
  const messages = await receive(url);
  expect(messages.length).toBeGreaterThan(4);
  for (const { Body } of messages) {
    expect(JSON.parse(Body)).toMatchObject({
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
      requestPayload: { source: 'keyturn', detail: { secretName: name } },
      responsePayload: { errorType: 'InternalServerError' },
    });
  }
  expect(await alarm('DeadLetters')).toBe('ALARM');
  await replay(url, messages);
  const story = await storyOf(name);
  expect(story).toEqual(
    expect.arrayContaining(['Rotation Started', 'Secret Promoted', 'Rotation Succeeded', 'Credential Retired']),
  );
  await trial.pause(120);
  expect(await alarm('DeadLetters')).toBe('OK');
}, 240_000);

test('the topic is away for longer than Lambda tries: the notice is a dead letter, with its event', async () => {
  const name = 'lost-notice';
  const trial = trialOf(name);
  world.stage.cloud.faults.add({
    ...{ id: name, kind: 'error', service: 'sns', operation: 'Publish', mentions: name },
    ...{ rate: 1, code: 'InternalError', httpStatus: 500, message: 'away' },
  });
  trial.gate('closed');
  expect(await trial.rotate()).toMatchObject({ status: 'FAILED' });
  await world.stage.atRest(name);
  await trial.pause(TRIES_SECONDS);
  world.stage.cloud.faults.remove(name);
  const url = await queueUrl(/DeadLetters/);
  const messages = await receive(url);
  expect(messages.map(({ Body }) => JSON.parse(Body).requestPayload['detail-type'])).toContain('Rotation Rolled Back');
  await replay(url, messages);
  const notices = world.stage.cloud
    .service<SnsService>('sns')
    .outbox()
    .filter((sent) => JSON.stringify(sent).includes(`Keyturn: ${name}: rolled back`));
  expect(notices).toHaveLength(1);
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

test('the story reaches a rule of a person’s own on the default bus, where the pipeline forwards it', async () => {
  const name = 'heard';
  expect(await trialOf(name).rotate()).toMatchObject({ status: 'SUCCEEDED' });
  await world.stage.atRest(name);
  await trialOf(name).pause(20);
  const bodies = (await receive(await queueUrl(new RegExp(HEARD_QUEUE)))).map(({ Body }) => JSON.parse(Body));
  const heard = bodies.filter(({ detail }) => detail.secretName === name);
  expect(heard.map((event) => event['detail-type'])).toEqual(
    expect.arrayContaining(['Rotation Started', 'Secret Promoted', 'Rotation Succeeded']),
  );
  for (const event of heard) expect(event.source).toBe('keyturn');
  expect(bodies.map((event) => event['detail-type'])).not.toContain('Rotation Requested');
}, 240_000);
