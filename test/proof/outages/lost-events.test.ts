import type { SnsService } from '../../../packages/laptop/services/sns/service.ts';
import { LeapingClock } from './leaping-clock.ts';
import { Trial } from './paths.ts';
import { type Message, queueUrl, receive } from './queues.ts';
import { World } from './world.ts';

/** Lambda gives an event up after three minutes. */
const TRIES_SECONDS = 200;

let world: World;
const trials = new Map<string, Trial>();
const names = ['lost-history', 'lost-notice'];
beforeAll(async () => {
  const points = names.map((name) => ({ name, consumers: 'notified' as const }));
  world = await World.open(points, new LeapingClock());
  for (const name of names) trials.set(name, new Trial(world, name));
}, 240_000);
afterAll(() => world?.close());

const trialOf = (name: string) => trials.get(name) as Trial;
const ask = (service: string, operation: string, input: object) => world.stage.ask(service, operation, input);

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
  const url = await queueUrl(world.stage, /DeadLetters/);
  const messages = await receive(world.stage, url);
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
  const url = await queueUrl(world.stage, /DeadLetters/);
  const messages = await receive(world.stage, url);
  expect(messages.map(({ Body }) => JSON.parse(Body).requestPayload['detail-type'])).toContain('Rotation Rolled Back');
  await replay(url, messages);
  const notices = world.stage.cloud
    .service<SnsService>('sns')
    .outbox()
    .filter((sent) => JSON.stringify(sent).includes(`Keyturn: ${name}: rolled back`));
  expect(notices).toHaveLength(1);
}, 240_000);
