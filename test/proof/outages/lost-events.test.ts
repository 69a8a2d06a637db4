import type { SnsService } from '../../../packages/laptop/services/sns/service.ts';
import { LeapingClock } from './leaping-clock.ts';
import { HEARD_QUEUE } from './outages-stack.ts';
import { Trial } from './paths.ts';
import { World } from './world.ts';

/** Lambda gives an event up after three minutes. */
const TRIES_SECONDS = 200;

let world: World;
const trials = new Map<string, Trial>();
const names = ['lost-history', 'lost-notice', 'one-alarm', 'heard'];
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
      VisibilityTimeout: 600,
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
    .outbox()
    .filter((sent) => JSON.stringify(sent).includes(`Keyturn: ${name}: rolled back`));
  expect(notices).toHaveLength(1);
}, 240_000);

describe('one incident rings one alarm', () => {
  /** Which alarms ring when the metric of the next two minutes is known. */
  const ringing = async (trial: Trial) => {
    await trial.pause(20);
    const watched = ['RotationFailed', 'RotationRolledBack', 'ExecutionFailed'];
    const states = await Promise.all(watched.map(async (one) => [one, await alarm(one)] as const));
    await trial.pause(180);
    return states.filter(([, state]) => state === 'ALARM').map(([one]) => one);
  };

  test('a rotation that failed and has said so: RotationFailed alone', async () => {
    const trial = trialOf('one-alarm');
    await trial.pause(180);
    trial.vendor.refusesNewKeys = true;
    expect(await trial.rotate()).toMatchObject({ status: 'FAILED' });
    trial.vendor.refusesNewKeys = false;
    expect(await ringing(trial)).toEqual(['RotationFailed']);
  }, 240_000);

  test('a rotation that was stopped, and could not say so: ExecutionFailed alone', async () => {
    const trial = trialOf('one-alarm');
    world.stage.listen('one-alarm', (state) => {
      if (state !== 'rotate-secret WaitForPromotion') return;
      world.stage.listen('one-alarm', () => undefined);
      const running = world.stage.executions('one-alarm').find(({ status }) => status === 'RUNNING');
      void ask('states', 'StopExecution', { executionArn: running?.arn });
    });
    expect(await trial.rotate()).toMatchObject({ status: 'ABORTED' });
    expect(await ringing(trial)).toEqual(['ExecutionFailed']);
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
