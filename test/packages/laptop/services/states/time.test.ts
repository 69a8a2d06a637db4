import { afterEach, expect, test } from '@jest/globals';
import { AwsError } from '../../../../../packages/laptop/cloud.ts';
import type { Execution } from '../../../../../packages/laptop/services/states/state.ts';
import { answering, lines, manualClock, StatesLaptop, until } from './laptop.ts';

let laptop: StatesLaptop | undefined;
afterEach(() => laptop?.cloud.close());

const describeSecret = {
  Type: 'Task',
  Resource: 'arn:aws:states:::aws-sdk:secretsmanager:describeSecret',
  Arguments: { SecretId: 'x' },
};
const fails = (calls: Date[], clock: { now(): Date }) =>
  answering('secretsmanager', 'DescribeSecret', () => {
    calls.push(clock.now());
    throw new AwsError('InternalServiceError', 'not now', { httpStatus: 500 });
  });

const failures = (execution: Execution) => execution.history.filter(({ type }) => type === 'TaskFailed').length;

test('a Wait lasts as long as the time scale says, and a moment is waited for', async () => {
  const clock = manualClock();
  laptop = await StatesLaptop.start([], { clock, settings: { stateMachineTimeScale: 0.01 } });
  const execution = await laptop.begin(await laptop.create({ A: { Type: 'Wait', Seconds: 60, End: true } }));
  await clock.advance(599);
  expect(execution.status).toBe('RUNNING');
  await clock.advance(1);
  expect(execution.status).toBe('SUCCEEDED');
  laptop.cloud.settings.stateMachineTimeScale = 1;
  const wait = { Type: 'Wait', Timestamp: '{% $states.input.until %}', End: true };
  const until = new Date(clock.now().getTime() + 40 * 86_400_000).toISOString();
  const long = await laptop.begin(await laptop.create({ A: wait }), { until });
  await clock.advance(40 * 86_400_000 - 1);
  expect(long.status).toBe('RUNNING');
  await clock.advance(1);
  expect(long.status).toBe('SUCCEEDED');
});

test('attempts are further and further apart, up to the longest delay', async () => {
  const clock = manualClock();
  const calls: Date[] = [];
  laptop = await StatesLaptop.start([fails(calls, clock)], { clock });
  const retrier = { ErrorEquals: ['SecretsManager.InternalServiceErrorException'], IntervalSeconds: 2, MaxAttempts: 4 };
  const Retry = [{ ...retrier, BackoffRate: 3, MaxDelaySeconds: 20 }];
  const execution = await laptop.begin(await laptop.create({ A: { ...describeSecret, Retry, End: true } }));
  for (const [attempt, delay] of [2, 6, 18, 20].entries()) {
    await until(() => failures(execution) === attempt + 1);
    await clock.advance(delay * 1000 - 1);
    expect(calls).toHaveLength(attempt + 1);
    await clock.advance(1);
  }
  await execution.ended;
  const seconds = calls.map((at) => (at.getTime() - (calls[0] as Date).getTime()) / 1000);
  expect(seconds).toEqual([0, 2, 8, 26, 46]);
  expect(execution).toMatchObject({ status: 'FAILED', error: 'SecretsManager.InternalServiceErrorException' });
});

test('full jitter takes any part of the delay', async () => {
  const clock = manualClock();
  const calls: Date[] = [];
  laptop = await StatesLaptop.start([fails(calls, clock)], { clock, random: () => 0.25 });
  const Retry = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 8, MaxAttempts: 1, JitterStrategy: 'FULL' }];
  const execution = await laptop.begin(await laptop.create({ A: { ...describeSecret, Retry, End: true } }));
  await until(() => failures(execution) === 1);
  await clock.advance(2_000);
  await execution.ended;
  expect(calls.map((at) => at.getTime() - (calls[0] as Date).getTime())).toEqual([0, 2_000]);
});

test('a fault inside a service is a failure of that service: told in the log, and tried again', async () => {
  const log: string[] = [];
  let calls = 0;
  const flawed = answering('secretsmanager', 'DescribeSecret', () => {
    calls += 1;
    if (calls === 1) throw new TypeError('socket hang up');
    return { Name: 'x' };
  });
  laptop = await StatesLaptop.start([flawed], {
    log: (line) => void log.push(line),
    settings: { stateMachineTimeScale: 0.001 },
  });
  const Retry = [{ ErrorEquals: ['SecretsManager.SecretsManagerException'], IntervalSeconds: 1, MaxAttempts: 1 }];
  const execution = await laptop.run({ A: { ...describeSecret, Retry, End: true } });
  expect(execution).toMatchObject({ status: 'SUCCEEDED', output: expect.stringContaining('"Name":"x"') });
  expect(log.join()).toContain('states: aws-sdk:secretsmanager:describeSecret: TypeError: socket hang up');
});

test('States.Runtime is not tried again, not even by States.ALL', async () => {
  laptop = await StatesLaptop.start([answering('secretsmanager', 'DescribeSecret', () => ({}))]);
  const Retry = [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1, MaxAttempts: 5 }];
  const Arguments = { SecretId: 'x', Secret: 'y' };
  const execution = await laptop.run({ A: { ...describeSecret, Arguments, Retry, End: true } });
  expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
});

test('a Task that takes too long times out, and its late answer is nobody’s', async () => {
  const clock = manualClock();
  let answer: (value: unknown) => void = () => {};
  const slow = answering('secretsmanager', 'DescribeSecret', () => new Promise((resolve) => (answer = resolve)));
  laptop = await StatesLaptop.start([slow], { clock });
  const Catch = [{ ErrorEquals: ['States.Timeout'], Output: '{% $states.errorOutput %}', Next: 'B' }];
  const states = { A: { ...describeSecret, TimeoutSeconds: 30, Catch, Next: 'B' }, B: { Type: 'Succeed' } };
  const execution = await laptop.begin(await laptop.create(states));
  await until(() => lines(execution).includes('4<3 TaskStarted'));
  await clock.advance(29_999);
  expect(execution.status).toBe('RUNNING');
  await clock.advance(1);
  await execution.ended;
  answer({ Name: 'late' });
  expect(execution).toMatchObject({ status: 'SUCCEEDED', output: '{"Error":"States.Timeout","Cause":""}' });
  expect(lines(execution)).toContain('5<4 TaskTimedOut');
});

test('signs of life keep a Task waiting for its token; without one it may be told from a time-out', async () => {
  const clock = manualClock();
  let token = '';
  const queue = answering('sqs', 'SendMessage', (input) => {
    token = JSON.parse(input.MessageBody).token;
    return { MessageId: '1' };
  });
  laptop = await StatesLaptop.start([queue], { clock });
  const ask = {
    Type: 'Task',
    Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
    Arguments: { QueueUrl: 'http://queue', MessageBody: { token: '{% $states.context.Task.Token %}' } },
    HeartbeatSeconds: 10,
    Catch: [{ ErrorEquals: ['States.HeartbeatTimeout'], Output: '{% $states.errorOutput.Error %}', Next: 'B' }],
    Next: 'B',
  };
  const execution = await laptop.begin(await laptop.create({ A: ask, B: { Type: 'Succeed' } }));
  await until(() => lines(execution).includes('5<4 TaskSubmitted'));
  await clock.advance(9_000);
  await laptop.call('states', 'SendTaskHeartbeat', { taskToken: token });
  await clock.advance(9_000);
  expect(execution.status).toBe('RUNNING');
  await clock.advance(1_000);
  await execution.ended;
  expect(execution.output).toBe('"States.Timeout"');
});

test('an execution name is free again after ninety days', async () => {
  const clock = manualClock();
  laptop = await StatesLaptop.start([], { clock });
  const stateMachineArn = await laptop.create({ A: { Type: 'Succeed' } });
  const start = () => laptop?.call('states', 'StartExecution', { stateMachineArn, name: 'n' });
  const { executionArn } = await start();
  await laptop.states.executions.byArn.get(executionArn)?.ended;
  await clock.advance(89 * 86_400_000);
  await expect(start()).rejects.toMatchObject({ code: 'ExecutionAlreadyExists' });
  await clock.advance(2 * 86_400_000);
  await expect(start()).resolves.toMatchObject({ executionArn });
});
