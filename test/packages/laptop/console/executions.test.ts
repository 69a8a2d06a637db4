import { listMachines, showExecution } from '../../../../packages/laptop/console/executions.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import createSecretsManagerService from '../../../../packages/laptop/services/secretsmanager/service.ts';
import createStatesService, { type StatesService } from '../../../../packages/laptop/services/states/service.ts';

const person = {
  kind: 'administrator',
  arn: 'arn:aws:iam::000000000000:root',
  identityArn: 'arn:aws:iam::000000000000:root',
} as const;
let cloud: RunningCloud;
const call = (service: string, operation: string, input: unknown) =>
  cloud.call({ service, operation, principal: person, input });

beforeEach(async () => {
  cloud = await createCloud({ log: () => {}, services: [createSecretsManagerService, createStatesService] });
  const trust = {
    Statement: [{ Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  };
  const policy = { Statement: [{ Effect: 'Allow', Action: 'states:*', Resource: '*' }] };
  const json = (document: object) => JSON.stringify({ Version: '2012-10-17', ...document });
  await call('iam', 'CreateRole', { RoleName: 'machine', AssumeRolePolicyDocument: json(trust) });
  await call('iam', 'PutRolePolicy', { RoleName: 'machine', PolicyName: 'start', PolicyDocument: json(policy) });
});
afterEach(() => cloud.close());

async function machine(name: string, States: object): Promise<string> {
  const definition = JSON.stringify({
    Comment: `What ${name} does`,
    QueryLanguage: 'JSONata',
    StartAt: Object.keys(States)[0],
    States,
  });
  const answer = await call('states', 'CreateStateMachine', {
    name,
    roleArn: 'arn:aws:iam::000000000000:role/machine',
    definition,
  });
  return answer.stateMachineArn;
}

async function run(stateMachineArn: string, input: unknown = {}): Promise<string> {
  const { executionArn } = await call('states', 'StartExecution', { stateMachineArn, input: JSON.stringify(input) });
  await cloud.service<StatesService>('states').executions.byArn.get(executionArn)?.ended;
  return executionArn;
}

test('an execution that started another leads to it, and the other way round', async () => {
  const child = await machine('child', { Done: { Type: 'Succeed' } });
  const parent = await machine('parent', {
    Start: {
      Type: 'Task',
      Resource: 'arn:aws:states:::states:startExecution.sync:2',
      Arguments: {
        StateMachineArn: child,
        Input: { AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID: '{% $states.context.Execution.Id %}' },
      },
      End: true,
    },
  });
  const parentArn = await run(parent);
  const childArn = showExecution(cloud, parentArn, 0)?.children[0]?.arn as string;
  expect(childArn).toContain(':execution:child:');
  expect(showExecution(cloud, childArn, 0)).toMatchObject({ parent: parentArn, children: [] });
});

test('machines come with what they are for and their last executions, the newest first', async () => {
  const arn = await machine('only', { Done: { Type: 'Succeed' } });
  await run(arn);
  const second = await run(arn);
  expect(listMachines(cloud)).toMatchObject([
    {
      name: 'only',
      comment: 'What only does',
      total: 2,
      running: 0,
      executions: [{ arn: second, status: 'SUCCEEDED' }, {}],
    },
  ]);
});

test('the picture comes once, the events as they come', async () => {
  const arn = await run(await machine('m', { A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Succeed' } }));
  const first = showExecution(cloud, arn, 0);
  expect(first?.graph?.nodes.map(({ name }) => name)).toContain('A');
  expect(first?.events.map(({ type, state }) => [type, state])).toEqual([
    ['ExecutionStarted', undefined],
    ['PassStateEntered', 'A'],
    ['PassStateExited', 'A'],
    ['SucceedStateEntered', 'B'],
    ['SucceedStateExited', 'B'],
    ['ExecutionSucceeded', 'B'],
  ]);
  const later = showExecution(cloud, arn, 4);
  expect(later?.graph).toBeUndefined();
  expect(later?.events.map(({ id }) => id)).toEqual([5, 6]);
});

test('the secrets that its data name are shown with their labels, never with a value', async () => {
  const { ARN } = await call('secretsmanager', 'CreateSecret', {
    Name: 'app/db',
    SecretString: 'hunter2',
    ClientRequestToken: 'v'.repeat(32),
  });
  const arn = await run(await machine('m', { Done: { Type: 'Succeed' } }), {
    secretArn: ARN,
    other: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:gone-AbCdEf',
  });
  const shown = showExecution(cloud, arn, 0);
  expect(shown?.resources.secrets).toEqual([
    { arn: ARN, name: 'app/db', versions: [{ versionId: 'v'.repeat(32), stages: ['AWSCURRENT'] }], steps: [] },
  ]);
  expect(JSON.stringify(shown)).not.toContain('hunter2');
});

test('texts that are too long for a page are shortened, and say so', async () => {
  const arn = await run(await machine('m', { Done: { Type: 'Succeed' } }), { text: 'x'.repeat(20_000) });
  const input = showExecution(cloud, arn, 0)?.input ?? '';
  expect(input.length).toBeLessThan(9_000);
  expect(input).toMatch(/… \(\d+ more characters\)$/);
});
