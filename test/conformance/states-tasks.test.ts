import { CreateFunctionCommand, DeleteFunctionCommand, GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateSecretCommand, DeleteSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendTaskFailureCommand, SendTaskHeartbeatCommand, SendTaskSuccessCommand } from '@aws-sdk/client-sfn';
import { CreateQueueCommand, DeleteQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { zipSync } from 'fflate';
import { eventually, refusal, uniqueName } from './endpoint.ts';
import { lines, StateMachines, written } from './state-machines.ts';

/** Answers its event, or fails as the event says. */
const source = `exports.handler = async (event) => {
  if (!event || !event.fail) return event;
  const error = new Error(event.fail.message);
  error.name = event.fail.name;
  throw error;
};`;

let machines: StateMachines;
let lambda: LambdaClient;
let sqs: SQSClient;
let secrets: SecretsManagerClient;
let functionArn: string;
const functionName = uniqueName('function');

beforeAll(async () => {
  machines = await StateMachines.open([
    ...['lambda:InvokeFunction', 'sqs:SendMessage', 'secretsmanager:*', 'events:*'],
    ...['states:StartExecution', 'states:DescribeExecution', 'states:StopExecution'],
  ]);
  lambda = machines.endpoint.client(LambdaClient);
  sqs = machines.endpoint.client(SQSClient);
  secrets = machines.endpoint.client(SecretsManagerClient);
  functionArn = await eventually(async () => {
    try {
      const made = await lambda.send(
        new CreateFunctionCommand({
          FunctionName: functionName,
          Runtime: 'nodejs22.x',
          Handler: 'index.handler',
          Role: machines.roleArn,
          Code: { ZipFile: zipSync({ 'index.js': Buffer.from(source) }) },
        }),
      );
      return made.FunctionArn;
    } catch (error) {
      if ((error as Error).name === 'InvalidParameterValueException' && !machines.endpoint.cloud) return undefined;
      throw error;
    }
  });
  await eventually(async () => {
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: functionName }));
    return Configuration?.State === 'Active' ? true : undefined;
  });
}, 60_000);
afterAll(async () => {
  await lambda?.send(new DeleteFunctionCommand({ FunctionName: functionName }));
  await machines?.close();
});

const invoke = (payload: unknown, more: object = {}) => ({
  Type: 'Task',
  Resource: 'arn:aws:states:::lambda:invoke',
  Arguments: { FunctionName: functionArn, Payload: payload },
  ...more,
});

describe('lambda:invoke', () => {
  test('answers what the function answered, and how', async () => {
    const execution = await machines.run(
      written({ A: { ...invoke('{% $states.input %}'), TimeoutSeconds: 60, End: true } }),
      {
        a: [1],
      },
    );
    expect(JSON.parse(execution.output as string)).toMatchObject({
      ExecutedVersion: '$LATEST',
      Payload: { a: [1] },
      SdkHttpMetadata: { HttpStatusCode: 200 },
      SdkResponseMetadata: { RequestId: expect.any(String) },
      StatusCode: 200,
    });
    const history = await machines.history(execution.executionArn as string);
    expect(lines(history)).toEqual([
      '1<0 ExecutionStarted',
      '2<0 TaskStateEntered',
      '3<2 TaskScheduled',
      '4<3 TaskStarted',
      '5<4 TaskSucceeded',
      '6<5 TaskStateExited',
      '7<6 ExecutionSucceeded',
    ]);
    expect(history[2]?.taskScheduledEventDetails).toEqual({
      resourceType: 'lambda',
      resource: 'invoke',
      region: machines.endpoint.region,
      parameters: JSON.stringify({ FunctionName: functionArn, Payload: { a: [1] } }),
      timeoutInSeconds: 60,
    });
    expect(history[3]?.taskStartedEventDetails).toEqual({ resourceType: 'lambda', resource: 'invoke' });
  });

  test("fails with the error's type, and its payload as the cause", async () => {
    const { error, cause, executionArn } = await machines.run(
      written({ A: invoke({ fail: { name: 'NotToday', message: 'sorry' } }, { End: true }) }),
    );
    expect(error).toBe('NotToday');
    expect(JSON.parse(cause as string)).toMatchObject({ errorType: 'NotToday', errorMessage: 'sorry' });
    const failed = (await machines.history(executionArn as string)).find(({ type }) => type === 'TaskFailed');
    expect(failed?.taskFailedEventDetails).toEqual({ resourceType: 'lambda', resource: 'invoke', error, cause });
  });

  test('is tried again, then caught', async () => {
    const task = invoke(
      { fail: { name: 'Again', message: '' } },
      {
        Retry: [{ ErrorEquals: ['Again'], IntervalSeconds: 1, MaxAttempts: 1, BackoffRate: 1 }],
        Catch: [
          { ErrorEquals: ['States.TaskFailed'], Assign: { error: '{% $states.errorOutput.Error %}' }, Next: 'B' },
        ],
        End: true,
      },
    );
    const B = { Type: 'Pass', Output: '{% $error %}', End: true };
    const { output, executionArn } = await machines.run(written({ A: task, B }));
    expect(output).toBe('"Again"');
    expect(lines(await machines.history(executionArn as string))).toEqual([
      '1<0 ExecutionStarted',
      '2<0 TaskStateEntered',
      '3<2 TaskScheduled',
      '4<3 TaskStarted',
      '5<4 TaskFailed',
      '6<5 TaskScheduled',
      '7<6 TaskStarted',
      '8<7 TaskFailed',
      '9<8 TaskStateExited',
      '10<9 PassStateEntered',
      '11<10 PassStateExited',
      '12<11 ExecutionSucceeded',
    ]);
  });

  test('of a function that is not there', async () => {
    const task = { ...invoke({}), Arguments: { FunctionName: `${functionName}-not` }, End: true };
    const { error, cause } = await machines.run(written({ A: task }));
    expect(error).toBe('Lambda.ResourceNotFoundException');
    expect(cause).toMatch(
      /^Function not found: .*-not.* \(Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: [0-9a-f-]+; Proxy: null\)$/,
    );
  });

  test('a function as the resource itself answers its payload alone', async () => {
    const task = { Type: 'Task', Resource: functionArn, Arguments: { a: '{% $states.input.a + 1 %}' }, End: true };
    const { output, executionArn } = await machines.run(written({ A: task }), { a: 1 });
    expect(output).toBe('{"a":2}');
    const history = await machines.history(executionArn as string);
    expect(lines(history).slice(2, 5)).toEqual([
      '3<2 LambdaFunctionScheduled',
      '4<3 LambdaFunctionStarted',
      '5<4 LambdaFunctionSucceeded',
    ]);
    expect(history[2]?.lambdaFunctionScheduledEventDetails).toMatchObject({ resource: functionArn, input: '{"a":2}' });
  });
});

describe('aws-sdk integrations', () => {
  const describeSecret = { Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:secretsmanager:describeSecret' };

  test("answer with the members of AWS's Java SDK, and leave the keys of maps alone", async () => {
    const Name = uniqueName('secret');
    const { ARN, VersionId } = await secrets.send(new CreateSecretCommand({ Name, SecretString: 'x' }));
    const task = { ...describeSecret, Arguments: { SecretId: Name }, End: true };
    const { output } = await machines.run(written({ A: task }));
    expect(JSON.parse(output as string)).toMatchObject({
      Arn: ARN,
      Name,
      VersionIdsToStages: { [VersionId as string]: ['AWSCURRENT'] },
      CreatedDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/),
    });
    await secrets.send(new DeleteSecretCommand({ SecretId: Name, ForceDeleteWithoutRecovery: true }));
  });

  test('fail with the prefix of the service', async () => {
    const task = { ...describeSecret, Arguments: { SecretId: uniqueName('none') }, End: true };
    const { error, cause } = await machines.run(written({ A: task }));
    expect(error).toBe('SecretsManager.ResourceNotFoundException');
    expect(cause).toMatch(
      /^Secrets Manager can't find the specified secret\. \(Service: SecretsManager, Status Code: 400, Request ID: [0-9a-f-]+\)/,
    );
  });

  test('fail as the service itself with errors that its model does not have', async () => {
    const Resource = 'arn:aws:states:::aws-sdk:secretsmanager:createSecret';
    const Arguments = { Name: 'a name with spaces', SecretString: 'x' };
    const { error, cause } = await machines.run(written({ A: { Type: 'Task', Resource, Arguments, End: true } }));
    expect(error).toBe('SecretsManager.SecretsManagerException');
    expect(cause).toMatch(/^Invalid name\. .* \(Service: SecretsManager, Status Code: 400, Request ID: [0-9a-f-]+\)$/);
  });
});

describe('task tokens', () => {
  let QueueUrl: string;
  beforeAll(async () => {
    QueueUrl = String((await sqs.send(new CreateQueueCommand({ QueueName: uniqueName('tokens') }))).QueueUrl);
  });
  afterAll(async () => {
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  });

  const asking = (more: object = {}) =>
    written({
      A: {
        Type: 'Task',
        Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
        Arguments: { QueueUrl, MessageBody: { token: '{% $states.context.Task.Token %}' } },
        End: true,
        ...more,
      },
    });
  const token = () =>
    eventually(async () => {
      const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
      return Messages?.[0]?.Body && (JSON.parse(Messages[0].Body).token as string);
    });

  test('a Task goes on with the output that comes with its token', async () => {
    const executionArn = await machines.start(await machines.create(asking()));
    const taskToken = await token();
    await machines.states.send(new SendTaskSuccessCommand({ taskToken, output: '{"done":true}' }));
    expect(await machines.ended(executionArn)).toMatchObject({ status: 'SUCCEEDED', output: '{"done":true}' });
    expect(lines(await machines.history(executionArn))).toEqual([
      '1<0 ExecutionStarted',
      '2<0 TaskStateEntered',
      '3<2 TaskScheduled',
      '4<3 TaskStarted',
      '5<4 TaskSubmitted',
      '6<5 TaskSucceeded',
      '7<6 TaskStateExited',
      '8<7 ExecutionSucceeded',
    ]);
    expect(await refusal(machines.states.send(new SendTaskHeartbeatCommand({ taskToken })))).toEqual({
      code: 'TaskTimedOut',
      message: "Task Timed Out: 'Provided task does not exist anymore'",
      status: 400,
    });
  });

  test('or fails with the error, or without one', async () => {
    const failed = await machines.start(await machines.create(asking()));
    await machines.states.send(
      new SendTaskFailureCommand({ taskToken: await token(), error: 'Refused', cause: 'by a person' }),
    );
    expect(await machines.ended(failed)).toMatchObject({ status: 'FAILED', error: 'Refused', cause: 'by a person' });
    const bare = await machines.start(await machines.create(asking()));
    await machines.states.send(new SendTaskFailureCommand({ taskToken: await token() }));
    const { status, error, cause } = await machines.ended(bare);
    expect([status, error, cause]).toEqual(['FAILED', undefined, undefined]);
  });

  test('a Task without a sign of life times out', async () => {
    const { status, error, executionArn } = await machines.run(asking({ HeartbeatSeconds: 1, TimeoutSeconds: 60 }));
    expect([status, error]).toEqual(['FAILED', 'States.Timeout']);
    const history = await machines.history(executionArn as string);
    expect(history.at(-2)).toMatchObject({
      type: 'TaskTimedOut',
      taskTimedOutEventDetails: {
        error: 'States.Timeout',
        resource: 'sendMessage.waitForTaskToken',
        resourceType: 'sqs',
      },
    });
  });

  test('what is no token is refused', async () => {
    const success = new SendTaskSuccessCommand({ taskToken: 'nothing', output: '{}' });
    expect((await refusal(machines.states.send(success))).code).toBe('InvalidToken');
  });
});

describe('nested executions', () => {
  const nested = (suffix: string, StateMachineArn: string, Input: unknown) => ({
    A: {
      Type: 'Task',
      Resource: `arn:aws:states:::states:startExecution${suffix}`,
      Arguments: { StateMachineArn, Input },
      End: true,
    },
  });

  test('are waited for, their output parsed by .sync:2 only', async () => {
    const child = await machines.create(
      written({ A: { Type: 'Pass', Output: { got: '{% $states.input %}' }, End: true } }),
    );
    const parsed = await machines.run(written(nested('.sync:2', child, { n: 1 })));
    expect(JSON.parse(parsed.output as string)).toMatchObject({
      Input: { n: 1 },
      InputDetails: { Included: true },
      Output: { got: { n: 1 } },
      StateMachineArn: child,
      Status: 'SUCCEEDED',
    });
    const text = await machines.run(written(nested('.sync', child, { n: 1 })));
    expect(JSON.parse(text.output as string)).toMatchObject({ Input: '{"n":1}', Output: '{"got":{"n":1}}' });
    const started = await machines.run(written(nested('', child, { n: 1 })));
    expect(Object.keys(JSON.parse(started.output as string))).toEqual([
      'ExecutionArn',
      'SdkHttpMetadata',
      'SdkResponseMetadata',
      'StartDate',
    ]);
  });

  test('that fail are described in the cause', async () => {
    const child = await machines.create(written({ A: { Type: 'Fail', Error: 'Inner', Cause: 'deep' } }));
    const { error, cause } = await machines.run(written(nested('.sync:2', child, {})));
    expect(error).toBe('States.TaskFailed');
    expect(JSON.parse(cause as string)).toMatchObject({ Status: 'FAILED', Error: 'Inner', Cause: 'deep' });
  });

  test('of a machine that is not there', async () => {
    const child = await machines.create(written({ A: { Type: 'Succeed' } }));
    const { error, cause } = await machines.run(written(nested('', `${child}-not`, {})));
    expect(error).toBe('StepFunctions.StateMachineDoesNotExistException');
    expect(cause).toContain(
      `State Machine Does Not Exist: '${child}-not' (Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist; Request ID: `,
    );
  });
});

describe('events:putEvents', () => {
  test('fails when an entry does', async () => {
    const entry = { Source: 'conformance', DetailType: 'Case', Detail: { a: 1 } };
    const put = (Entries: object[]) =>
      written({
        A: { Type: 'Task', Resource: 'arn:aws:states:::events:putEvents', Arguments: { Entries }, End: true },
      });
    const good = await machines.run(put([entry]));
    expect(JSON.parse(good.output as string)).toEqual({
      Entries: [{ EventId: expect.any(String) }],
      FailedEntryCount: 0,
    });
    const { error, cause } = await machines.run(put([entry, { ...entry, Detail: '"text"' }]));
    expect(error).toBe('EventBridge.FailedEntry');
    expect(JSON.parse(cause as string)).toEqual({
      Entries: [
        { EventId: expect.any(String) },
        { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' },
      ],
      FailedEntryCount: 1,
    });
  });
});
