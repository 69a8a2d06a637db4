import { createHash } from 'node:crypto';
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  type LambdaClient,
  ListFunctionsCommand,
  ListTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import { asPerson, clientOf, invoke, make, roleArn, settled, startLaptop, zip } from './laptop.ts';

const code = 'exports.handler = async () => process.env.COLOUR ?? "none";';
const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f';
/** The longest that a change takes on this laptop. */
const UPDATE_MILLISECONDS = 80;
const busy = {
  name: 'ResourceConflictException',
  message: `The operation cannot be performed at this time. An update is in progress for resource: ${arn}`,
  $metadata: { httpStatusCode: 409 },
};
let cloud: RunningCloud;
let lambda: LambdaClient;
beforeEach(async () => {
  cloud = await startLaptop();
  lambda = clientOf(cloud);
});
afterEach(() => cloud.close());

const create = (more: Partial<CreateFunctionCommandInput> = {}) =>
  lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Role: roleArn,
      Code: { ZipFile: zip({ 'index.js': code }) },
      ...more,
    }),
  );
const configuration = (FunctionName = 'f') => lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
const configure = (more: object) => lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'f', ...more }));

describe('a function', () => {
  test('is described with what it was given and Lambda’s defaults', async () => {
    const bytes = zip({ 'index.js': code });
    const created = await create({ Code: { ZipFile: bytes }, Environment: { Variables: { COLOUR: 'blue' } } });
    expect(created).toMatchObject({
      FunctionName: 'f',
      FunctionArn: arn,
      Runtime: 'nodejs22.x',
      Role: roleArn,
      Handler: 'index.handler',
      CodeSize: bytes.length,
      CodeSha256: createHash('sha256').update(bytes).digest('base64'),
      Description: '',
      Timeout: 3,
      MemorySize: 128,
      Version: '$LATEST',
      Environment: { Variables: { COLOUR: 'blue' } },
      TracingConfig: { Mode: 'PassThrough' },
      PackageType: 'Zip',
      Architectures: ['x86_64'],
      EphemeralStorage: { Size: 512 },
      LoggingConfig: { LogFormat: 'Text', LogGroup: '/aws/lambda/f' },
      State: 'Pending',
      StateReasonCode: 'Creating',
    });
    await settled(cloud);
    expect(await configuration(arn)).toMatchObject({ State: 'Active', LastUpdateStatus: 'Successful' });
    expect(await configuration('000000000000:f')).toMatchObject({ FunctionArn: arn });
  });

  test.each<[string, Partial<CreateFunctionCommandInput>, string, string]>([
    [
      'without a runtime',
      { Runtime: undefined },
      'InvalidParameterValueException',
      'Runtime and Handler are mandatory',
    ],
    ['with a time-out of 901 seconds', { Timeout: 901 }, 'ValidationException', "Value '901' at 'timeout' failed"],
    ['with 127 MB', { MemorySize: 127 }, 'ValidationException', "Value '127' at 'memorySize' failed"],
    ['with a name with a space', { FunctionName: 'a b' }, 'ValidationException', "'functionName' failed"],
    ['without code', { Code: {} }, 'InvalidParameterValueException', 'Please provide a source for function code.'],
    [
      'with code that is no zip',
      { Code: { ZipFile: Buffer.from('nothing') } },
      'InvalidParameterValueException',
      'Could not unzip uploaded file.',
    ],
    [
      'with a role that is not there',
      { Role: 'arn:aws:iam::000000000000:role/ghost' },
      'InvalidParameterValueException',
      'The role defined for the function cannot be assumed by Lambda.',
    ],
    [
      'with a variable that Lambda keeps for itself',
      { Environment: { Variables: { AWS_REGION: 'x' } } },
      'InvalidParameterValueException',
      'Reserved keys used in this request: AWS_REGION',
    ],
    [
      'with more than 4 KB of variables',
      { Environment: { Variables: { BIG: 'x'.repeat(4100) } } },
      'InvalidParameterValueException',
      'exceeded the 4KB limit',
    ],
    ['of a container image', { PackageType: 'Image' }, 'InvalidParameterValueException', 'not supported on the laptop'],
  ])('%s is refused', async (_name, more, name, message) => {
    await expect(create(more)).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });

  test('is made once', async () => {
    await create();
    await expect(create()).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: 'Function already exist: f',
    });
  });

  test('is gone when it is deleted', async () => {
    await make(cloud, code);
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'f' }));
    await expect(configuration()).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Function not found: ${arn}`,
      $metadata: { httpStatusCode: 404 },
    });
    await expect(lambda.send(new DeleteFunctionCommand({ FunctionName: 'f' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('is listed by the page', async () => {
    for (const FunctionName of ['b', 'a', 'c']) await create({ FunctionName });
    const first = await lambda.send(new ListFunctionsCommand({ MaxItems: 2 }));
    const rest = await lambda.send(new ListFunctionsCommand({ Marker: first.NextMarker }));
    const names = [first, rest].map(({ Functions }) => Functions?.map(({ FunctionName }) => FunctionName));
    expect(names.flat().sort()).toEqual(['a', 'b', 'c']);
    expect(names[0]).toHaveLength(2);
    expect(rest.NextMarker).toBeUndefined();
    // Lists leave the state out.
    expect(first.Functions?.[0]?.State).toBeUndefined();
  });

  test('carries tags', async () => {
    await create({ Tags: { team: 'red' } });
    await lambda.send(new TagResourceCommand({ Resource: arn, Tags: { stage: 'test' } }));
    await lambda.send(new UntagResourceCommand({ Resource: arn, TagKeys: ['team'] }));
    expect((await lambda.send(new ListTagsCommand({ Resource: arn }))).Tags).toEqual({ stage: 'test' });
    expect((await lambda.send(new GetFunctionCommand({ FunctionName: 'f' }))).Tags).toEqual({ stage: 'test' });
    await expect(lambda.send(new ListTagsCommand({ Resource: `${arn}:live` }))).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'Tags on function aliases and versions are not supported. Please specify a function ARN.',
    });
  });
});

test('a change is in progress for a while, in which another is refused, and successful then', async () => {
  const clock = new ManualClock(new Date());
  await cloud.close();
  cloud = await startLaptop({ clock });
  lambda = clientOf(cloud);
  await create();
  await clock.advance(UPDATE_MILLISECONDS);
  const changed = await configure({ Description: 'new' });
  expect(changed).toMatchObject({ LastUpdateStatus: 'InProgress', State: 'Active' });
  await expect(configure({ Timeout: 5 })).rejects.toMatchObject(busy);
  await expect(
    lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'f', ZipFile: zip({ 'index.js': code }) })),
  ).rejects.toMatchObject(busy);
  await clock.advance(UPDATE_MILLISECONDS);
  expect(await configuration()).toMatchObject({ LastUpdateStatus: 'Successful', Description: 'new' });
  await configure({ Timeout: 5 });
});

describe('a change of the configuration', () => {
  beforeEach(() => make(cloud, code, { Environment: { Variables: { COLOUR: 'blue', SIZE: 'small' } } }));

  test('replaces the variables as a whole, and leaves alone what it does not name', async () => {
    await configure({ Description: 'new', Environment: { Variables: { COLOUR: 'green' } } });
    expect(await settled(cloud)).toMatchObject({
      Description: 'new',
      Timeout: 3,
      Environment: { Variables: { COLOUR: 'green' } },
    });
    await configure({ Environment: { Variables: {} } });
    await settled(cloud);
    expect((await invoke(cloud)).payload).toBe('none');
  });

  test('is heard of by every request once it is successful', async () => {
    expect((await invoke(cloud)).payload).toBe('blue');
    await configure({ Environment: { Variables: { COLOUR: 'green' } } });
    await settled(cloud);
    const answers = await Promise.all(Array.from({ length: 4 }, () => invoke(cloud)));
    expect(answers.map(({ payload }) => payload)).toEqual(['green', 'green', 'green', 'green']);
  });

  test('happens only to the revision that its author has seen', async () => {
    const { RevisionId } = await configuration();
    await configure({ Description: 'one', RevisionId });
    await settled(cloud);
    await expect(configure({ Description: 'two', RevisionId })).rejects.toMatchObject({
      name: 'PreconditionFailedException',
      message:
        'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
      $metadata: { httpStatusCode: 412 },
    });
    // The revision moves once with the change and once more when it is successful.
    const changing = await configure({ Description: 'three' });
    expect((await settled(cloud)).RevisionId).not.toBe(changing.RevisionId);
  });

  test('is of the function, never of a version', async () => {
    await expect(
      lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'f:1', Timeout: 5 })),
    ).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
  });

  test('that would give the function another role needs the right to pass it', async () => {
    const document = (Statement: object) => JSON.stringify({ Version: '2012-10-17', Statement });
    const AssumeRolePolicyDocument = document({
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    });
    for (const RoleName of ['deployer', 'other']) {
      await asPerson(cloud, 'iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument });
    }
    const PolicyDocument = document({ Effect: 'Allow', Action: 'lambda:*', Resource: '*' });
    await asPerson(cloud, 'iam', 'PutRolePolicy', { RoleName: 'deployer', PolicyName: 'p', PolicyDocument });
    const { principal } = cloud.assumeRole('arn:aws:iam::000000000000:role/deployer', 's');
    const input = { FunctionName: 'f', Role: 'arn:aws:iam::000000000000:role/other' };
    await expect(
      cloud.call({ service: 'lambda', operation: 'UpdateFunctionConfiguration', input, principal }),
    ).rejects.toMatchObject({
      code: 'AccessDeniedException',
      message: expect.stringContaining('is not authorized to perform: iam:PassRole on resource: arn:aws:iam::'),
    });
  });
});

describe('a change of the code', () => {
  test('runs from when it is successful, and a dry run changes nothing', async () => {
    await make(cloud, code);
    const update = (text: string, more: object = {}) =>
      lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'f', ZipFile: zip({ 'index.js': text }), ...more }));
    await update('exports.handler = async () => "two";', { DryRun: true });
    expect((await invoke(cloud)).payload).toBe('none');
    expect(await update('exports.handler = async () => "two";')).toMatchObject({ LastUpdateStatus: 'InProgress' });
    await settled(cloud);
    expect((await invoke(cloud)).payload).toBe('two');
  });
});
