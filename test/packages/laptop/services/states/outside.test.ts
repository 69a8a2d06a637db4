import { afterEach, expect, test } from '@jest/globals';
import type { ServiceFactory } from '../../../../../packages/laptop/cloud.ts';
import createEventsService from '../../../../../packages/laptop/services/events/service.ts';
import createLogsService, { type LogsService } from '../../../../../packages/laptop/services/logs/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import { StatesLaptop } from './laptop.ts';

let laptop: StatesLaptop | undefined;
afterEach(() => laptop?.cloud.close());

const states = { A: { Type: 'Pass', Output: { b: 2 }, Next: 'B' }, B: { Type: 'Fail', Error: 'Over', Cause: 'it is' } };

test('an execution’s events are logged where its machine says, with data only if it says so', async () => {
  laptop = await StatesLaptop.start([createLogsService]);
  await laptop.call('logs', 'CreateLogGroup', { logGroupName: '/machine' });
  const destinations = [
    { cloudWatchLogsLogGroup: { logGroupArn: 'arn:aws:logs:us-east-1:000000000000:log-group:/machine:*' } },
  ];
  const logged = async (level: string, includeExecutionData: boolean) => {
    const loggingConfiguration = { level, includeExecutionData, destinations };
    const arn = await laptop?.create(states, { loggingConfiguration });
    const execution = await laptop?.begin(arn as string, { a: 1 });
    await execution?.ended;
    const { state } = (laptop as StatesLaptop).cloud.service<LogsService>('logs');
    const lines = state
      .groups('us-east-1')
      .flatMap((group) => [...group.streams.values()])
      .flatMap((stream) => stream.events.map(({ message }) => JSON.parse(message)));
    return lines.filter((line) => line.execution_arn === execution?.arn);
  };
  const all = await logged('ALL', true);
  expect(all.map(({ type }) => type)).toEqual([
    'ExecutionStarted',
    'PassStateEntered',
    'PassStateExited',
    'FailStateEntered',
    'ExecutionFailed',
  ]);
  expect(all[2]).toMatchObject({ id: '3', previous_event_id: '2', details: { name: 'A', output: '{"b":2}' } });
  const errors = await logged('ERROR', false);
  expect(errors).toMatchObject([{ type: 'ExecutionFailed', details: { error: 'Over', cause: 'it is' } }]);
  expect(await logged('OFF', true)).toEqual([]);
  expect(JSON.stringify(await logged('ALL', false))).not.toContain('{\\"b\\":2}');
});

test('status changes are events on the default bus', async () => {
  const random = () => 0.99;
  laptop = await StatesLaptop.start([createEventsService, createSqsService], { random });
  const { QueueUrl } = await laptop.call('sqs', 'CreateQueue', { QueueName: 'changes' });
  const Arn = 'arn:aws:sqs:us-east-1:000000000000:changes';
  const allowed = {
    Effect: 'Allow',
    Principal: { Service: 'events.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: Arn,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [allowed] });
  await laptop.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { Policy } });
  const EventPattern = JSON.stringify({ source: ['aws.states'], detail: { status: ['RUNNING', 'FAILED'] } });
  await laptop.call('events', 'PutRule', { Name: 'changes', EventPattern });
  await laptop.call('events', 'PutTargets', { Rule: 'changes', Targets: [{ Id: 'queue', Arn }] });
  const execution = await laptop.run(states, { a: 1 });
  const bodies: Record<string, any>[] = [];
  while (bodies.length < 2) {
    const { Messages } = await laptop.call('sqs', 'ReceiveMessage', {
      QueueUrl,
      WaitTimeSeconds: 1,
      MaxNumberOfMessages: 10,
    });
    bodies.push(...Messages.map(({ Body }: { Body: string }) => JSON.parse(Body)));
  }
  bodies.sort((a, b) => (a.detail.status > b.detail.status ? -1 : 1));
  expect(bodies[0]).toMatchObject({
    'detail-type': 'Step Functions Execution Status Change',
    resources: [execution.arn],
    detail: { status: 'RUNNING', executionArn: execution.arn, input: '{"a":1}', output: null, stopDate: null },
  });
  expect(bodies[1]).toMatchObject({ detail: { status: 'FAILED', error: 'Over', cause: 'it is' } });
});

test('executions are counted and timed', async () => {
  const metrics: { metricName: string; dimensions: object; value: number }[] = [];
  const monitoring: ServiceFactory = () => ({
    name: 'monitoring',
    schemas: async () => ({}),
    operations: {},
    reset() {},
    putServiceMetric: (metric: (typeof metrics)[number]) => void metrics.push(metric),
  });
  laptop = await StatesLaptop.start([monitoring]);
  const execution = await laptop.run(states);
  expect(metrics.map(({ metricName }) => metricName)).toEqual([
    'ExecutionsStarted',
    'ExecutionsFailed',
    'ExecutionTime',
  ]);
  expect(metrics[0]).toMatchObject({ dimensions: { StateMachineArn: execution.machine.arn }, value: 1 });
});

test('the JSONPath dialect is refused where it is used, and only there', async () => {
  laptop = await StatesLaptop.start();
  const definition = (A: object) => ({ definition: JSON.stringify({ StartAt: 'A', States: { A } }) });
  const plain = await laptop.create({}, definition({ Type: 'Pass', Result: { a: '{% 1 %}' }, End: true }));
  const execution = await laptop.begin(plain);
  await execution.ended;
  expect(execution.output).toBe('{"a":"{% 1 %}"}');
  await expect(laptop.create({}, definition({ Type: 'Pass', ResultPath: '$.x', End: true }))).rejects.toThrow(
    'these fields are of the JSONPath dialect: ResultPath at /States/A',
  );
});
