import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  DescribeStateMachineForExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  ListTagsForResourceCommand,
  type SFNClient,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  StopExecutionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateStateMachineCommand,
  ValidateStateMachineDefinitionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal, uniqueName } from './endpoint.ts';
import { lines, StateMachines, written } from './state-machines.ts';

let machines: StateMachines;
let states: SFNClient;
beforeAll(async () => {
  machines = await StateMachines.open();
  states = machines.states;
});
afterAll(() => machines?.close());

const pass = written({ A: { Type: 'Pass', End: true } });
const waiting = written({ A: { Type: 'Wait', Seconds: 3600, End: true } });

describe('state machines', () => {
  test('made twice alike are one; made otherwise they are refused', async () => {
    const name = uniqueName('twice');
    const request = { name, definition: pass, roleArn: machines.roleArn };
    const first = await states.send(new CreateStateMachineCommand(request));
    const second = await states.send(new CreateStateMachineCommand(request));
    expect(second).toMatchObject({ stateMachineArn: first.stateMachineArn, creationDate: first.creationDate });
    expect(await refusal(states.send(new CreateStateMachineCommand({ ...request, definition: waiting })))).toEqual({
      code: 'StateMachineAlreadyExists',
      message: `State Machine Already Exists: '${first.stateMachineArn}'`,
      status: 400,
    });
    await states.send(new DeleteStateMachineCommand({ stateMachineArn: first.stateMachineArn }));
  });

  test('are described as they were made, and as they were changed', async () => {
    const stateMachineArn = await machines.create(pass);
    const described = await states.send(new DescribeStateMachineCommand({ stateMachineArn }));
    expect(described).toMatchObject({
      stateMachineArn,
      status: 'ACTIVE',
      definition: pass,
      roleArn: machines.roleArn,
      type: 'STANDARD',
      loggingConfiguration: { level: 'OFF', includeExecutionData: false },
      tracingConfiguration: { enabled: false },
      encryptionConfiguration: { type: 'AWS_OWNED_KEY' },
    });
    const { revisionId } = await states.send(new UpdateStateMachineCommand({ stateMachineArn, definition: waiting }));
    const changed = await states.send(new DescribeStateMachineCommand({ stateMachineArn }));
    expect(changed).toMatchObject({ definition: waiting, revisionId });
    expect((await refusal(states.send(new UpdateStateMachineCommand({ stateMachineArn })))).code).toBe(
      'MissingRequiredParameter',
    );
  });

  test('that are not there', async () => {
    const there = await machines.create(pass);
    const arn = `${there}-not`;
    const missing = {
      code: 'StateMachineDoesNotExist',
      message: `State Machine Does Not Exist: '${arn}'`,
      status: 400,
    };
    expect(await refusal(states.send(new DescribeStateMachineCommand({ stateMachineArn: arn })))).toEqual(missing);
    expect(await refusal(states.send(new StartExecutionCommand({ stateMachineArn: arn })))).toEqual(missing);
    await states.send(new DeleteStateMachineCommand({ stateMachineArn: arn }));
    expect(await refusal(states.send(new DescribeStateMachineCommand({ stateMachineArn: 'machine' })))).toEqual({
      code: 'InvalidArn',
      message: "Invalid Arn: 'Invalid ARN prefix: machine'",
      status: 400,
    });
  });

  test('have names of 80 characters at most, without special ones', async () => {
    const create = (name: string) =>
      refusal(states.send(new CreateStateMachineCommand({ name, definition: pass, roleArn: machines.roleArn })));
    expect(await create('a b')).toEqual({ code: 'InvalidName', message: "Invalid Name: 'a b'", status: 400 });
    expect((await create('x'.repeat(81))).code).toBe('ValidationException');
  });

  test('are listed page by page', async () => {
    const made = [await machines.create(pass), await machines.create(pass), await machines.create(pass)];
    const seen: (string | undefined)[] = [];
    let nextToken: string | undefined;
    do {
      const page: { stateMachines?: { stateMachineArn?: string }[]; nextToken?: string } = await states.send(
        new ListStateMachinesCommand({ maxResults: 2, nextToken }),
      );
      expect(page.stateMachines?.length).toBeLessThanOrEqual(2);
      seen.push(...(page.stateMachines ?? []).map((machine) => machine.stateMachineArn));
      nextToken = page.nextToken;
    } while (nextToken);
    expect(seen).toEqual(expect.arrayContaining(made));
    expect(await refusal(states.send(new ListStateMachinesCommand({ maxResults: 1001 })))).toEqual({
      code: 'ValidationException',
      message:
        "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 1000",
      status: 400,
    });
  });

  test('carry tags', async () => {
    const resourceArn = await machines.create(pass, { tags: [{ key: 'a', value: '1' }] });
    await states.send(
      new TagResourceCommand({
        resourceArn,
        tags: [
          { key: 'a', value: '2' },
          { key: 'b', value: '' },
        ],
      }),
    );
    await states.send(new UntagResourceCommand({ resourceArn, tagKeys: ['c'] }));
    const { tags } = await states.send(new ListTagsForResourceCommand({ resourceArn }));
    expect(tags).toEqual([
      { key: 'a', value: '2' },
      { key: 'b', value: '' },
    ]);
    expect(
      (await refusal(states.send(new ListTagsForResourceCommand({ resourceArn: `${resourceArn}-not` })))).code,
    ).toBe('ResourceNotFound');
  });
});

describe('definitions', () => {
  const refused = async (definition: string) =>
    (
      await refusal(
        states.send(
          new CreateStateMachineCommand({ name: uniqueName('refused'), definition, roleArn: machines.roleArn }),
        ),
      )
    ).message;

  test.each([
    ['{}', "'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'"],
    [JSON.stringify({ StartAt: 'A' }), "'SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /'"],
    [
      written({ A: { Type: 'Passing', End: true } }),
      "'SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/A/Type'",
    ],
    [
      written({ A: { Type: 'Wait', Timestamp: 'soon', End: true } }),
      "'SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/A/Timestamp'",
    ],
    [
      written({ A: { Type: 'Parallel', Branches: [], End: true } }),
      "'SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/A/Branches'",
    ],
    [
      written({ A: { Type: 'Pass', QueryLanguage: 'JSONPath', End: true } }),
      "'SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A'",
    ],
    [
      written({ A: { Type: 'Task', Resource: 'arn:aws:states:::dynamodb:query', Arguments: {}, End: true } }),
      "'SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::dynamodb:query is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/A/Resource'",
    ],
    [
      written({ A: { Type: 'Pass', Next: 'B' } }),
      "'MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next'",
    ],
  ])('%s', async (definition, reason) => {
    expect(await refused(definition)).toBe(`Invalid State Machine Definition: ${reason}`);
  });

  test('are validated without being made', async () => {
    const validate = (definition: string, type?: 'EXPRESS') =>
      states.send(new ValidateStateMachineDefinitionCommand({ definition, type }));
    expect(await validate(pass)).toMatchObject({ result: 'OK', diagnostics: [], truncated: false });
    expect((await validate('no definition')).diagnostics).toEqual([
      {
        severity: 'ERROR',
        code: 'INVALID_JSON_DESCRIPTION',
        location: '[Source: (String)"no definition"; line: 1, column: 3]',
        message:
          "Unrecognized token 'no': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (String)\"no definition\"; line: 1, column: 3]",
      },
    ]);
    const Resource = 'arn:aws:states:::sqs:sendMessage.waitForTaskToken';
    const token = written({ A: { Type: 'Task', Resource, Arguments: {}, End: true } });
    expect(await validate(token, 'EXPRESS')).toMatchObject({
      result: 'FAIL',
      diagnostics: [
        {
          severity: 'ERROR',
          code: 'SCHEMA_VALIDATION_FAILED',
          location: '/States/A/Resource',
          message: "Express state machine does not support '.waitForTaskToken' service integration ",
        },
      ],
    });
  });
});

describe('executions', () => {
  test('a name is one request while it runs with the same input, and nothing else', async () => {
    const stateMachineArn = await machines.create(waiting);
    const start = (input: string) => states.send(new StartExecutionCommand({ stateMachineArn, name: 'once', input }));
    const { executionArn, startDate } = await start('{"a":1}');
    expect(await start('{"a":1}')).toMatchObject({ executionArn, startDate });
    const exists = {
      code: 'ExecutionAlreadyExists',
      message: `Execution Already Exists: '${executionArn}'`,
      status: 400,
    };
    expect(await refusal(start('{"a":2}'))).toEqual(exists);
    await states.send(new StopExecutionCommand({ executionArn }));
    await machines.ended(executionArn as string);
    expect(await refusal(start('{"a":1}'))).toEqual(exists);
  });

  test('a stopped one tells by whose word', async () => {
    const executionArn = await machines.start(await machines.create(waiting), { a: 1 });
    await states.send(new StopExecutionCommand({ executionArn, error: 'Enough', cause: 'it waited too long' }));
    expect(await machines.ended(executionArn)).toMatchObject({
      status: 'ABORTED',
      error: 'Enough',
      cause: 'it waited too long',
      input: '{"a":1}',
    });
    const history = await machines.history(executionArn);
    expect(lines(history)).toEqual(['1<0 ExecutionStarted', '2<0 WaitStateEntered', '3<0 ExecutionAborted']);
    expect(history[2]?.executionAbortedEventDetails).toEqual({ error: 'Enough', cause: 'it waited too long' });
  });

  test.each([
    [
      'not json',
      "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
    ],
    ["{'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"],
    ['', 'Invalid execution input.'],
  ])('input %j is refused', async (input, reason) => {
    const stateMachineArn = await machines.create(pass);
    expect(await refusal(states.send(new StartExecutionCommand({ stateMachineArn, input })))).toEqual({
      code: 'InvalidExecutionInput',
      message: `Invalid State Machine Execution Input: '${reason}'`,
      status: 400,
    });
  });

  test.each(['2', '"text"', 'null', '[]'])('input %s is as good as an object', async (input) => {
    const stateMachineArn = await machines.create(pass);
    const { executionArn } = await states.send(new StartExecutionCommand({ stateMachineArn, input }));
    expect(await machines.ended(executionArn as string)).toMatchObject({ status: 'SUCCEEDED', output: input });
  });

  test('are listed newest first, by status, page by page', async () => {
    const stateMachineArn = await machines.create(pass);
    const first = await machines.start(stateMachineArn);
    await machines.ended(first);
    const second = await machines.start(stateMachineArn);
    await machines.ended(second);
    const list = (more: object) => states.send(new ListExecutionsCommand({ stateMachineArn, ...more }));
    const page = await list({ maxResults: 1 });
    expect(page.executions?.map((one) => one.executionArn)).toEqual([second]);
    // One that starts between two pages moves nothing.
    await machines.ended(await machines.start(stateMachineArn));
    const rest = await list({ maxResults: 1, nextToken: page.nextToken });
    expect(rest.executions?.map((one) => one.executionArn)).toEqual([first]);
    expect((await list({ statusFilter: 'RUNNING' })).executions).toEqual([]);
    expect((await refusal(list({ statusFilter: 'succeeded' }))).message).toBe(
      "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy constraint: Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
    );
  });

  test('a history is read backwards, in pages, and without its data', async () => {
    const executionArn = await machines.start(await machines.create(pass), { secret: 'no' });
    await machines.ended(executionArn);
    const backwards = await states.send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 3 }),
    );
    expect(backwards.events?.map(({ id }) => id)).toEqual([4, 3, 2]);
    const last = await states.send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, nextToken: backwards.nextToken }),
    );
    expect(last.events?.map(({ id }) => id)).toEqual([1]);
    const without = await states.send(new GetExecutionHistoryCommand({ executionArn, includeExecutionData: false }));
    expect(JSON.stringify(without.events)).not.toContain('secret');
    const [started, entered, exited] = await machines.history(executionArn);
    expect(started?.executionStartedEventDetails).toMatchObject({
      input: '{"secret":"no"}',
      inputDetails: { truncated: false },
      roleArn: machines.roleArn,
    });
    expect(entered?.stateEnteredEventDetails).toEqual({
      name: 'A',
      input: '{"secret":"no"}',
      inputDetails: { truncated: false },
    });
    expect(exited?.stateExitedEventDetails).toMatchObject({ name: 'A', output: '{"secret":"no"}' });
  });

  test('what an execution was made of', async () => {
    const stateMachineArn = await machines.create(pass);
    const executionArn = await machines.start(stateMachineArn);
    expect(await machines.ended(executionArn)).toMatchObject({
      stateMachineArn,
      redriveCount: 0,
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: 'Execution is SUCCEEDED and cannot be redriven',
      inputDetails: { included: true },
      outputDetails: { included: true },
    });
    const machine = await states.send(new DescribeStateMachineForExecutionCommand({ executionArn }));
    expect(machine).toMatchObject({ stateMachineArn, definition: pass, roleArn: machines.roleArn });
    expect(await refusal(states.send(new DescribeExecutionCommand({ executionArn: `${executionArn}-not` })))).toEqual({
      code: 'ExecutionDoesNotExist',
      message: `Execution Does Not Exist: '${executionArn}-not'`,
      status: 400,
    });
  });

  test('express machines answer at once, and keep no executions to ask for', async () => {
    const stateMachineArn = await machines.create(pass, { type: 'EXPRESS' });
    const sync = new StartSyncExecutionCommand({ stateMachineArn, name: 'quick', input: '{"a":1}' });
    const answer = await states.send(sync);
    expect(answer).toMatchObject({ status: 'SUCCEEDED', name: 'quick', output: '{"a":1}', stateMachineArn });
    expect(answer.executionArn).toContain(':express:');
    const { executionArn } = await states.send(new StartExecutionCommand({ stateMachineArn }));
    expect(await refusal(states.send(new DescribeExecutionCommand({ executionArn })))).toEqual({
      code: 'InvalidArn',
      message: "Invalid Arn: 'Resource type not valid in this context: express'",
      status: 400,
    });
    const notSupported = {
      code: 'StateMachineTypeNotSupported',
      message: 'This operation is not supported by this type of state machine',
      status: 400,
    };
    expect(await refusal(states.send(new ListExecutionsCommand({ stateMachineArn })))).toEqual(notSupported);
    const standard = await machines.create(pass);
    expect(await refusal(states.send(new StartSyncExecutionCommand({ stateMachineArn: standard })))).toEqual(
      notSupported,
    );
  });

  test('an action that its service does not have is told when the machine is made', async () => {
    const Resource = 'arn:aws:states:::aws-sdk:secretsmanager:forgetSecret';
    const Task = { Type: 'Task', Resource, Arguments: {}, End: true };
    const machine = { StartAt: 'In', States: { In: Task } };
    const definition = written({ A: { Type: 'Parallel', Branches: [machine], End: true } });
    const request = { name: uniqueName('unknown'), definition, roleArn: machines.roleArn };
    expect(await refusal(states.send(new CreateStateMachineCommand(request)))).toEqual({
      code: 'InvalidDefinition',
      message: `Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: The resource provided ${Resource} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/A/Branches[0]/States/In/Resource'`,
      status: 400,
    });
    const { diagnostics } = await states.send(new ValidateStateMachineDefinitionCommand({ definition }));
    expect(diagnostics?.map(({ location }) => location)).toEqual(['/States/A/Branches[0]/States/In/Resource']);
  });

  test('a machine stays when it is made again as a role that may no longer be assumed', async () => {
    const name = uniqueName('again');
    const { stateMachineArn } = await states.send(
      new CreateStateMachineCommand({ name, definition: pass, roleArn: machines.roleArn }),
    );
    const roleArn = `${machines.roleArn}-not`;
    const again = new CreateStateMachineCommand({ name, definition: pass, roleArn });
    expect((await refusal(states.send(again))).code).toBe('AccessDeniedException');
    expect((await states.send(new DescribeStateMachineCommand({ stateMachineArn }))).name).toBe(name);
    await states.send(new DeleteStateMachineCommand({ stateMachineArn }));
  });
});
