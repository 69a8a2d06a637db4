import { afterEach, expect, test } from '@jest/globals';
import { answering, StatesLaptop } from './laptop.ts';

let laptop: StatesLaptop | undefined;
afterEach(() => laptop?.cloud.close());

const secrets = answering('secretsmanager', 'DescribeSecret', () => ({ Name: 'x' }));
const task = {
  Type: 'Task',
  Resource: 'arn:aws:states:::aws-sdk:secretsmanager:describeSecret',
  Arguments: { SecretId: 'x' },
  End: true,
};

test('a Task does what the machine’s role may, and a refusal names action and resource', async () => {
  laptop = await StatesLaptop.start([secrets], {}, ['sns:Publish']);
  const execution = await laptop.run({ A: task });
  expect(execution.error).toBe('SecretsManager.SecretsManagerException');
  expect(execution.cause).toMatch(
    /^User: arn:aws:sts::000000000000:assumed-role\/machine\/[^ ]+ is not authorized to perform: secretsmanager:DescribeSecret on resource: arn:aws:secretsmanager:us-east-1:000000000000:thing because no identity-based policy allows the secretsmanager:DescribeSecret action \(Service: SecretsManager, Status Code: 400, Request ID: [0-9a-f-]+\)$/,
  );
});

test('a role that Step Functions may not take makes no machine', async () => {
  laptop = await StatesLaptop.start([secrets]);
  await laptop.role('other', 'lambda.amazonaws.com', []);
  const roleArn = 'arn:aws:iam::000000000000:role/other';
  await expect(laptop.create({ A: task }, { roleArn })).rejects.toMatchObject({
    code: 'AccessDeniedException',
    message:
      'Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.',
  });
  expect((await laptop.call('states', 'ListStateMachines', {})).stateMachines).toEqual([]);
});

test('a state’s Credentials name another role, where the machine’s may take it', async () => {
  laptop = await StatesLaptop.start([secrets], {}, ['sts:AssumeRole']);
  const RoleArn = 'arn:aws:iam::000000000000:role/reader';
  await laptop.role('reader', 'nobody.amazonaws.com', ['secretsmanager:DescribeSecret']);
  const refused = await laptop.run({ A: { ...task, Credentials: { RoleArn } } });
  expect(refused).toMatchObject({ status: 'FAILED', error: 'States.TaskFailed' });
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:role/machine' }, Action: 'sts:AssumeRole' },
    ],
  });
  await laptop.call('iam', 'UpdateAssumeRolePolicy', { RoleName: 'reader', PolicyDocument });
  const execution = await laptop.run({ A: { ...task, Credentials: { RoleArn } } });
  expect(execution).toMatchObject({ status: 'SUCCEEDED', output: '{"Name":"x"}' });
  const scheduled = execution.history.find(({ type }) => type === 'TaskScheduled');
  expect(scheduled?.taskScheduledEventDetails).toMatchObject({ taskCredentials: { roleArn: RoleArn } });
});

test('a stopped parent stops the nested execution that it waits for', async () => {
  laptop = await StatesLaptop.start([]);
  const child = await laptop.create({ A: { Type: 'Wait', Seconds: 3600, End: true } });
  const parent = await laptop.begin(
    await laptop.create({
      A: {
        Type: 'Task',
        Resource: 'arn:aws:states:::states:startExecution.sync:2',
        Arguments: { StateMachineArn: child },
        End: true,
      },
    }),
  );
  const { byArn } = laptop.states.executions;
  const nested = () => [...byArn.values()].find(({ machine }) => machine.arn === child);
  while (!nested() || !parent.history.some(({ type }) => type === 'TaskSubmitted'))
    await new Promise((resolve) => setTimeout(resolve, 5));
  await laptop.call('states', 'StopExecution', { executionArn: parent.arn });
  await nested()?.ended;
  expect([parent.status, nested()?.status]).toEqual(['ABORTED', 'ABORTED']);
});
