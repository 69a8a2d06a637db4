import { runInThisContext } from 'node:vm';
import { afterEach, expect, test } from '@jest/globals';
import { lines, StatesLaptop } from './laptop.ts';

let laptop: StatesLaptop | undefined;
afterEach(() => laptop?.cloud.close());

const inner = (states: object) => ({
  ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
  StartAt: Object.keys(states)[0],
  States: states,
});
/** Fails for items above 10. */
const judge = inner({
  Judge: {
    Type: 'Choice',
    Choices: [{ Condition: '{% $states.input > 10 %}', Next: 'Bad' }],
    Default: 'Good',
  },
  Bad: { Type: 'Fail', Error: 'TooMuch' },
  Good: { Type: 'Succeed' },
});
const over = (more: object) => ({ A: { Type: 'Map', ItemProcessor: judge, ...more, End: true } });

test('each item is an execution of its own, and the run is found', async () => {
  laptop = await StatesLaptop.start();
  const execution = await laptop.run(over({ Label: 'Judged', MaxConcurrency: 1 }), [1, 2]);
  expect(execution.output).toBe('[1,2]');
  expect(lines(execution)).toEqual([
    '1<0 ExecutionStarted',
    '2<0 MapStateEntered',
    '3<2 MapStateStarted',
    '4<3 MapRunStarted',
    '5<4 MapRunSucceeded',
    '6<5 MapStateSucceeded',
    '7<5 MapStateExited',
    '8<7 ExecutionSucceeded',
  ]);
  const { mapRuns } = await laptop.call('states', 'ListMapRuns', { executionArn: execution.arn });
  expect(mapRuns).toMatchObject([
    { executionArn: execution.arn, stateMachineArn: `${execution.machine.arn}/Judged`, stopDate: expect.any(Date) },
  ]);
  const { mapRunArn } = mapRuns[0];
  expect(mapRunArn).toMatch(/^arn:aws:states:us-east-1:000000000000:mapRun:machine-1\/Judged:[0-9a-f-]{36}$/);
  const counts = {
    aborted: 0,
    failed: 0,
    pending: 0,
    resultsWritten: 2,
    running: 0,
    succeeded: 2,
    timedOut: 0,
    total: 2,
  };
  expect(await laptop.call('states', 'DescribeMapRun', { mapRunArn })).toMatchObject({
    status: 'SUCCEEDED',
    maxConcurrency: 1,
    toleratedFailureCount: 0,
    toleratedFailurePercentage: 0,
    executionCounts: counts,
    itemCounts: counts,
  });
  const { executions } = await laptop.call('states', 'ListExecutions', { mapRunArn });
  expect(executions).toHaveLength(2);
  expect(executions[0]).toMatchObject({ mapRunArn, stateMachineArn: `${execution.machine.arn}/Judged` });
});

test.each([
  ['none without a limit', {}, [11], 'FAILED'],
  ['as many as counted', { ToleratedFailureCount: 1 }, [11, 1], 'SUCCEEDED'],
  ['one more than counted', { ToleratedFailureCount: 1 }, [11, 1, 12], 'FAILED'],
  ['the percentage', { ToleratedFailurePercentage: 50 }, [11, 1], 'SUCCEEDED'],
  ['more than the percentage', { ToleratedFailurePercentage: '{% 25 %}' }, [11, 1], 'FAILED'],
  ['the smaller of both limits', { ToleratedFailureCount: 5, ToleratedFailurePercentage: 10 }, [11, 1], 'FAILED'],
])('tolerated failures: %s', async (_, limits, items, status) => {
  laptop = await StatesLaptop.start();
  const execution = await laptop.run(over(limits), items);
  expect(execution.status).toBe(status);
  if (status === 'SUCCEEDED') return;
  expect(execution).toMatchObject({
    error: 'States.ExceedToleratedFailureThreshold',
    cause: 'The specified tolerated failure threshold was exceeded',
  });
  expect(execution.history.slice(-3).map(({ type }) => type)).toEqual([
    'MapRunFailed',
    'MapStateFailed',
    'ExecutionFailed',
  ]);
});

test('items go in batches, by number and by size', async () => {
  laptop = await StatesLaptop.start();
  const processor = inner({ I: { Type: 'Pass', End: true } });
  const map = (ItemBatcher: object, Items: unknown) => ({
    A: { Type: 'Map', Items, ItemBatcher, ItemProcessor: processor, End: true },
  });
  const numbered = await laptop.run(
    map({ MaxItemsPerBatch: 2, BatchInput: { by: '{% $states.input.who %}' } }, [1, 2, 3]),
    {
      who: 'me',
    },
  );
  expect(JSON.parse(numbered.output as string)).toEqual([
    { BatchInput: { by: 'me' }, Items: [1, 2] },
    { BatchInput: { by: 'me' }, Items: [3] },
  ]);
  const sized = await laptop.run(map({ MaxInputBytesPerBatch: 30 }, ['a'.repeat(10), 'b'.repeat(10), 'c'.repeat(10)]));
  expect(JSON.parse(sized.output as string)).toHaveLength(3);
});

test('a running map takes other limits, and its children are stopped with it', async () => {
  laptop = await StatesLaptop.start();
  const waiting = inner({ W: { Type: 'Wait', Seconds: 3600, End: true } });
  const map = { A: { Type: 'Map', MaxConcurrency: 1, ItemProcessor: waiting, End: true } };
  const execution = await laptop.begin(await laptop.create(map), [1, 2, 3]);
  while (laptop.states.executions.byArn.size < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  const { mapRuns } = await laptop.call('states', 'ListMapRuns', { executionArn: execution.arn });
  const { mapRunArn } = mapRuns[0];
  await laptop.call('states', 'UpdateMapRun', { mapRunArn, maxConcurrency: 2, toleratedFailureCount: 3 });
  expect(await laptop.call('states', 'DescribeMapRun', { mapRunArn })).toMatchObject({
    maxConcurrency: 2,
    toleratedFailureCount: 3,
    executionCounts: { running: 1, pending: 2, total: 3 },
  });
  await laptop.call('states', 'StopExecution', { executionArn: execution.arn });
  const { executions } = await laptop.call('states', 'ListExecutions', { mapRunArn });
  expect(executions.map(({ status }: { status: string }) => status)).toEqual(['ABORTED']);
  expect(await laptop.call('states', 'DescribeMapRun', { mapRunArn })).toMatchObject({
    status: 'ABORTED',
    executionCounts: { aborted: 1, running: 0, pending: 2 },
  });
  await expect(laptop.call('states', 'UpdateMapRun', { mapRunArn, maxConcurrency: 5 })).rejects.toMatchObject({
    code: 'ValidationException',
  });
});

test('a distributed map needs leave to start its own machine', async () => {
  laptop = await StatesLaptop.start([], {}, ['sns:Publish']);
  const execution = await laptop.run(over({}), [1]);
  expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Permissions' });
  expect(execution.cause).toContain('is not authorized to perform: states:StartExecution on resource');
});

test('what needs a bucket is refused', async () => {
  laptop = await StatesLaptop.start();
  await expect(laptop.create(over({ ResultWriter: {} }))).rejects.toThrow(
    "The field 'ResultWriter' is not supported on the laptop at /States/A/ResultWriter",
  );
});

test.each(['INLINE', 'DISTRIBUTED'])('as many as run at once may wait at once without a warning (%s)', async (Mode) => {
  // A test's own `process` is a copy, which Node does not warn by.
  const { process: warner } = runInThisContext('globalThis') as typeof globalThis;
  const warnings: string[] = [];
  const warned = ({ message }: Error) => warnings.push(message);
  warner.on('warning', warned);
  try {
    laptop = await StatesLaptop.start();
    const waiting = { ...inner({ Pause: { Type: 'Wait', Seconds: 1, End: true } }), ProcessorConfig: { Mode } };
    const items = Array.from({ length: 12 }, (_, index) => index);
    const states = { A: { Type: 'Map', ItemProcessor: waiting, MaxConcurrency: 12, End: true } };
    expect((await laptop.run(states, items)).status).toBe('SUCCEEDED');
    expect(warnings.filter((warning) => warning.includes('listeners'))).toEqual([]);
  } finally {
    warner.off('warning', warned);
  }
});
