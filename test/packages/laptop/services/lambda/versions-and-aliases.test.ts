import {
  AddPermissionCommand,
  CreateAliasCommand,
  DeleteAliasCommand,
  DeleteFunctionCommand,
  DeleteProvisionedConcurrencyConfigCommand,
  GetAccountSettingsCommand,
  GetAliasCommand,
  GetFunctionConcurrencyCommand,
  GetPolicyCommand,
  GetProvisionedConcurrencyConfigCommand,
  type LambdaClient,
  ListAliasesCommand,
  ListProvisionedConcurrencyConfigsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  PutProvisionedConcurrencyConfigCommand,
  RemovePermissionCommand,
  UpdateAliasCommand,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import { eventually } from '../eventually.ts';
import { clientOf, invoke, make, settled, startLaptop, zip } from './laptop.ts';

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f';
const answering = (text: string) =>
  `exports.handler = async () => ({ answer: '${text}', kind: process.env.AWS_LAMBDA_INITIALIZATION_TYPE });`;
let cloud: RunningCloud;
let lambda: LambdaClient;
beforeEach(async () => {
  cloud = await startLaptop();
  lambda = clientOf(cloud);
  await make(cloud, answering('one'));
});
afterEach(() => cloud.close());

const publish = async (more: object = {}) =>
  (await lambda.send(new PublishVersionCommand({ FunctionName: 'f', ...more }))).Version;
async function change(text: string): Promise<void> {
  await lambda.send(
    new UpdateFunctionCodeCommand({ FunctionName: 'f', ZipFile: zip({ 'index.js': answering(text) }) }),
  );
  await settled(cloud);
}
const alias = (FunctionVersion: string, more: object = {}) =>
  lambda.send(new CreateAliasCommand({ FunctionName: 'f', Name: 'live', FunctionVersion, ...more }));
const answer = async (Qualifier: string) => (await invoke(cloud, {}, { Qualifier })).payload.answer;

describe('a version', () => {
  test('keeps code and configuration as they were', async () => {
    expect(await publish({ Description: 'first' })).toBe('1');
    await change('two');
    expect(await publish()).toBe('2');
    expect(await answer('1')).toBe('one');
    expect(await answer('2')).toBe('two');
    expect(await answer('$LATEST')).toBe('two');
    const { Versions } = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName: 'f' }));
    expect(Versions?.map(({ Version, FunctionArn, Description }) => [Version, FunctionArn, Description])).toEqual([
      ['$LATEST', `${arn}:$LATEST`, ''],
      ['1', `${arn}:1`, 'first'],
      ['2', `${arn}:2`, ''],
    ]);
  });

  test('is the last one again when nothing has changed', async () => {
    await publish();
    expect(await publish()).toBe('1');
  });

  test('is published of the code that its author means', async () => {
    await expect(publish({ CodeSha256: 'x' })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringContaining('CodeSHA256 (x) is different from current CodeSHA256 in $LATEST'),
    });
    await expect(publish({ RevisionId: 'x' })).rejects.toMatchObject({ name: 'PreconditionFailedException' });
  });

  test('is deleted unless an alias points to it, and its number is not given again', async () => {
    await publish();
    await alias('1');
    const remove = (Qualifier: string) => lambda.send(new DeleteFunctionCommand({ FunctionName: 'f', Qualifier }));
    await expect(remove('1')).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: `Version 1 is referenced by the following aliases: ${arn}:live`,
    });
    await lambda.send(new DeleteAliasCommand({ FunctionName: 'f', Name: 'live' }));
    await remove('1');
    await expect(remove('$LATEST')).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
    await expect(answer('1')).rejects.toMatchObject({ code: 'ResourceNotFoundException' });
    await change('two');
    expect(await publish()).toBe('2');
  });
});

describe('an alias', () => {
  test('points to a version, and elsewhere when it is told to', async () => {
    await publish();
    expect(await alias('1', { Description: 'in use' })).toMatchObject({
      AliasArn: `${arn}:live`,
      Name: 'live',
      FunctionVersion: '1',
      Description: 'in use',
    });
    expect(await answer('live')).toBe('one');
    await change('two');
    await publish();
    await lambda.send(new UpdateAliasCommand({ FunctionName: 'f', Name: 'live', FunctionVersion: '2' }));
    expect(await answer('live')).toBe('two');
    expect(await lambda.send(new GetAliasCommand({ FunctionName: 'f', Name: 'live' }))).toMatchObject({
      FunctionVersion: '2',
      Description: 'in use',
    });
    const { Aliases } = await lambda.send(new ListAliasesCommand({ FunctionName: 'f', FunctionVersion: '1' }));
    expect(Aliases).toEqual([]);
  });

  test('is made once, of a version that is there, under a name that is no number', async () => {
    await expect(alias('7')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Function not found: ${arn}:7`,
    });
    await alias('$LATEST');
    await expect(alias('$LATEST')).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: `Alias already exists: ${arn}:live`,
    });
    await expect(alias('$LATEST', { Name: '12' })).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(lambda.send(new GetAliasCommand({ FunctionName: 'f', Name: 'dead' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: `Cannot find alias arn: ${arn}:dead`,
    });
  });

  test('is changed only at the revision that its author has seen', async () => {
    const { RevisionId } = await alias('$LATEST');
    const describeIt = (Description: string) =>
      lambda.send(new UpdateAliasCommand({ FunctionName: 'f', Name: 'live', Description, RevisionId }));
    await describeIt('one');
    await expect(describeIt('two')).rejects.toMatchObject({ name: 'PreconditionFailedException' });
  });

  test('shares its requests between two versions by weight', async () => {
    await publish();
    await change('two');
    await publish();
    const AdditionalVersionWeights = { 2: 0.5 };
    await alias('1', { RoutingConfig: { AdditionalVersionWeights } });
    const seen = new Set<string>();
    await eventually(async () => {
      seen.add(await answer('live'));
      return seen.size === 2;
    });
    await expect(
      lambda.send(
        new UpdateAliasCommand({
          FunctionName: 'f',
          Name: 'live',
          RoutingConfig: { AdditionalVersionWeights: { 1: 0.5 } },
        }),
      ),
    ).rejects.toMatchObject({ name: 'InvalidParameterValueException' });
  });
});

describe('concurrency', () => {
  const reserve = (ReservedConcurrentExecutions: number) =>
    lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: 'f', ReservedConcurrentExecutions }));

  test('is reserved from what the account has', async () => {
    await reserve(20);
    const { ReservedConcurrentExecutions } = await lambda.send(
      new GetFunctionConcurrencyCommand({ FunctionName: 'f' }),
    );
    expect(ReservedConcurrentExecutions).toBe(20);
    const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
    expect(AccountLimit).toMatchObject({ ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 980 });
    await expect(reserve(901)).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message:
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].",
    });
  });

  const provision = (Qualifier: string, ProvisionedConcurrentExecutions = 1) =>
    lambda.send(
      new PutProvisionedConcurrencyConfigCommand({ FunctionName: 'f', Qualifier, ProvisionedConcurrentExecutions }),
    );
  const provisioned = (Qualifier: string) =>
    lambda.send(new GetProvisionedConcurrencyConfigCommand({ FunctionName: 'f', Qualifier }));

  test('is provisioned for an alias, whose requests find environments that are up', async () => {
    await publish();
    await alias('1');
    expect(await provision('live', 2)).toMatchObject({
      Status: 'IN_PROGRESS',
      RequestedProvisionedConcurrentExecutions: 2,
      AllocatedProvisionedConcurrentExecutions: 0,
    });
    await eventually(
      () => provisioned('live'),
      ({ Status }) => Status === 'READY',
    );
    expect(await provisioned('live')).toMatchObject({ AllocatedProvisionedConcurrentExecutions: 2 });
    const { payload } = await invoke(cloud, {}, { Qualifier: 'live' });
    expect(payload.kind).toBe('provisioned-concurrency');
    const list = new ListProvisionedConcurrencyConfigsCommand({ FunctionName: 'f' });
    expect((await lambda.send(list)).ProvisionedConcurrencyConfigs).toMatchObject([{ FunctionArn: `${arn}:live` }]);
    await lambda.send(new DeleteProvisionedConcurrencyConfigCommand({ FunctionName: 'f', Qualifier: 'live' }));
    await expect(provisioned('live')).rejects.toMatchObject({
      name: 'ProvisionedConcurrencyConfigNotFoundException',
      message: 'No Provisioned Concurrency Config found for this function',
    });
  });

  test('is not provisioned for $LATEST, and once for a version', async () => {
    await expect(provision('$LATEST')).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'Provisioned Concurrency Configs cannot be applied to unpublished function versions.',
    });
    await publish();
    await alias('1');
    await provision('live');
    await expect(provision('1')).rejects.toMatchObject({
      message: 'Version is pointed by a Provisioned Concurrency alias',
    });
  });
});

describe('the policy of a function', () => {
  const permit = (StatementId: string, more: object = {}) =>
    lambda.send(
      new AddPermissionCommand({
        FunctionName: 'f',
        StatementId,
        Action: 'lambda:InvokeFunction',
        Principal: 'events.amazonaws.com',
        ...more,
      }),
    );
  const statements = async (more: object = {}) => {
    const { Policy } = await lambda.send(new GetPolicyCommand({ FunctionName: 'f', ...more }));
    return JSON.parse(String(Policy)).Statement;
  };

  test('is made of permissions, which are added and removed one by one', async () => {
    const SourceArn = 'arn:aws:events:us-east-1:000000000000:rule/r';
    await permit('one', { SourceArn, SourceAccount: '000000000000' });
    expect(await statements()).toEqual([
      {
        Sid: 'one',
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: 'lambda:InvokeFunction',
        Resource: arn,
        Condition: {
          StringEquals: { 'AWS:SourceAccount': '000000000000' },
          ArnLike: { 'AWS:SourceArn': SourceArn },
        },
      },
    ]);
    await expect(permit('one')).rejects.toMatchObject({ name: 'ResourceConflictException' });
    const remove = (StatementId: string) =>
      lambda.send(new RemovePermissionCommand({ FunctionName: 'f', StatementId }));
    await expect(remove('two')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Statement two is not found in resource policy.',
    });
    await remove('one');
    await expect(statements()).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'The resource you requested does not exist.',
    });
  });

  test('belongs to the function, or to one of its aliases', async () => {
    await alias('$LATEST');
    await permit('one', { Qualifier: 'live' });
    expect(await statements({ Qualifier: 'live' })).toMatchObject([{ Resource: `${arn}:live` }]);
    await expect(statements()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(permit('two', { Qualifier: '$LATEST' })).rejects.toMatchObject({
      message: 'We currently do not support adding policies for $LATEST.',
    });
    await expect(permit('three', { Principal: 'nobody' })).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: 'The provided principal was invalid. Please check the principal and try again.',
    });
  });
});
