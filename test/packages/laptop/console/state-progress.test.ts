import { START } from '../../../../packages/laptop/console/graph/machine-graph.ts';
import { progressOf } from '../../../../packages/laptop/console/state-progress.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import createLambdaService from '../../../../packages/laptop/services/lambda/service.ts';
import createLogsService from '../../../../packages/laptop/services/logs/service.ts';
import type {
  MachineDefinition,
  StateDefinition,
} from '../../../../packages/laptop/services/states/interpreter/definition.ts';
import createStatesService, { type StatesService } from '../../../../packages/laptop/services/states/service.ts';
import type { Execution } from '../../../../packages/laptop/services/states/state.ts';

const person = {
  kind: 'administrator',
  arn: 'arn:aws:iam::000000000000:root',
  identityArn: 'arn:aws:iam::000000000000:root',
} as const;

let cloud: RunningCloud;
beforeEach(async () => {
  cloud = await createCloud({
    log: () => {},
    services: [createLogsService, createLambdaService, createStatesService],
    settings: { stateMachineTimeScale: 0.001 },
  });
  const trust = {
    Statement: [{ Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  };
  await cloud.call({
    service: 'iam',
    operation: 'CreateRole',
    principal: person,
    input: { RoleName: 'machine', AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', ...trust }) },
  });
});
afterEach(() => cloud.close());

/** Runs a machine to its end, whichever that is. */
async function run(
  States: Record<string, StateDefinition>,
  StartAt = Object.keys(States)[0] as string,
): Promise<Execution> {
  const definition: MachineDefinition = { QueryLanguage: 'JSONata', StartAt, States };
  const execution = await start(definition);
  await execution.ended;
  return execution;
}

async function start(definition: MachineDefinition): Promise<Execution> {
  const call = (operation: string, input: unknown) =>
    cloud.call({ service: 'states', operation, principal: person, input });
  const { stateMachineArn } = await call('CreateStateMachine', {
    name: 'machine',
    roleArn: 'arn:aws:iam::000000000000:role/machine',
    definition: JSON.stringify(definition),
  });
  const { executionArn } = await call('StartExecution', { stateMachineArn });
  return cloud.service<StatesService>('states').executions.byArn.get(executionArn) as Execution;
}

const statuses = (execution: Execution) =>
  Object.fromEntries(
    progressOf(execution.history).states.map(({ name, status, visits }) => [
      name,
      visits === 1 ? status : `${status} ×${visits}`,
    ]),
  );
const ways = (execution: Execution) =>
  progressOf(execution.history).transitions.map(({ from, to }) => `${from === START ? '(start)' : from} → ${to}`);

const missing: StateDefinition = {
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: 'nobody' },
};

test('states that ended well, in the order in which they were entered, and the ways between them', async () => {
  const execution = await run({ A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Succeed' } });
  expect(progressOf(execution.history).states.map(({ name }) => name)).toEqual(['A', 'B']);
  expect(statuses(execution)).toEqual({ A: 'succeeded', B: 'succeeded' });
  expect(ways(execution)).toEqual(['(start) → A', 'A → B']);
});

test('a state whose error was caught is told apart from one that failed the execution', async () => {
  const execution = await run({
    Try: { ...missing, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Mend' }], Next: 'Done' },
    Mend: { ...missing, Next: 'Done' },
    Done: { Type: 'Succeed' },
  });
  expect(execution.status).toBe('FAILED');
  expect(statuses(execution)).toEqual({ Try: 'caught', Mend: 'failed' });
  expect(ways(execution)).toEqual(['(start) → Try', 'Try → Mend']);
});

test('a retry that is waited for is in progress, not failed', async () => {
  const execution = await start({
    QueryLanguage: 'JSONata',
    StartAt: 'Try',
    States: {
      Try: { ...missing, Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1, MaxAttempts: 2 }], End: true },
    },
  });
  await execution.ended;
  const second = execution.history.findIndex(({ type }, index) => type === 'TaskScheduled' && index > 3);
  const untilThen = execution.history.slice(0, second + 1);
  expect(progressOf(untilThen).states).toMatchObject([{ name: 'Try', status: 'in-progress', visits: 1 }]);
  expect(statuses(execution)).toEqual({ Try: 'failed' });
});

test('a loop counts its visits', async () => {
  const execution = await run(
    {
      Count: { Type: 'Pass', Assign: { n: 0 }, Next: 'Wait' },
      Wait: { Type: 'Wait', Seconds: 1, Assign: { n: '{% $n + 1 %}' }, Next: 'Judge' },
      Judge: { Type: 'Choice', Choices: [{ Condition: '{% $n >= 3 %}', Next: 'Done' }], Default: 'Wait' },
      Done: { Type: 'Succeed' },
    },
    'Count',
  );
  expect(statuses(execution)).toEqual({
    Count: 'succeeded',
    Wait: 'succeeded ×3',
    Judge: 'succeeded ×3',
    Done: 'succeeded',
  });
  expect(ways(execution)).toContain('Judge → Wait');
});

test('a Map is done when all of its items are, and what is inside begins at a start of its own', async () => {
  const inside: StateDefinition = { ...missing, Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Failed' }], End: true };
  const execution = await run({
    Each: {
      Type: 'Map',
      Items: '{% [1, 2] %}',
      ItemProcessor: { StartAt: 'Check', States: { Check: inside, Failed: { Type: 'Pass', End: true } } },
      Next: 'Done',
    },
    Done: { Type: 'Succeed' },
  });
  expect(statuses(execution)).toEqual({
    Each: 'succeeded',
    Check: 'caught ×2',
    Failed: 'succeeded ×2',
    Done: 'succeeded',
  });
  expect(ways(execution)).toEqual(['(start) → Each', '(start) → Check', 'Check → Failed', 'Each → Done']);
});

test('the branches of a Parallel are kept apart while they run', async () => {
  const execution = await start({
    QueryLanguage: 'JSONata',
    StartAt: 'Both',
    States: {
      Both: {
        Type: 'Parallel',
        Branches: [
          { StartAt: 'Quick', States: { Quick: { Type: 'Pass', End: true } } },
          { StartAt: 'Slow', States: { Slow: { Type: 'Wait', Seconds: 100_000_000, End: true } } },
        ],
        End: true,
      },
    },
  });
  while (!execution.history.some(({ type }) => type === 'PassStateExited'))
    await new Promise((resolve) => setTimeout(resolve, 5));
  expect(statuses(execution)).toEqual({ Both: 'in-progress', Quick: 'succeeded', Slow: 'in-progress' });
  cloud.service<StatesService>('states').executions.stop(execution, 'Enough', 'by hand');
  await execution.ended;
  expect(statuses(execution)).toEqual({ Both: 'aborted', Quick: 'succeeded', Slow: 'aborted' });
});
