import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Principal } from '../../../../../packages/laptop/cloud.ts';
import { administrator } from '../../../../../packages/laptop/identity/principals.ts';
import { type Laptop, rotatorArn, startLaptop } from './laptop.ts';

let laptop: Laptop;
let role: Principal;

beforeEach(async () => {
  laptop = await startLaptop();
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  await asPerson('CreateRole', {
    RoleName: 'reader',
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: trust }),
  });
  role = laptop.cloud.assumeRole('arn:aws:iam::000000000000:role/reader', 'environment-1').principal;
});
afterEach(() => laptop.cloud.close());

const asPerson = (operation: string, input: object): Promise<any> =>
  laptop.cloud.call({ service: 'iam', operation, input, principal: administrator(laptop.cloud.accountId) });

/** Replaces what the role may do. */
const grant = (...Statement: object[]) =>
  asPerson('PutRolePolicy', {
    RoleName: 'reader',
    PolicyName: 'p',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }),
  });
const allow = (Action: string | string[], more: object = {}) => ({ Effect: 'Allow', Action, Resource: '*', ...more });
const make = async (Name: string, more: object = {}) =>
  (await laptop.ask('CreateSecret', { Name, SecretString: `value of ${Name}`, ...more })).ARN as string;
const read = (SecretId: string, more: object = {}) => laptop.ask('GetSecretValue', { SecretId, ...more }, role);
const user = 'User: arn:aws:sts::000000000000:assumed-role/reader/environment-1';

describe('a refusal names who, what and which, as it was asked for', () => {
  test.each<[string, string, (arn: string) => object, (arn: string) => string]>([
    ['by name', 'GetSecretValue', () => ({ SecretId: 'app/db' }), () => ' on resource: app/db'],
    ['by ARN', 'DescribeSecret', (SecretId) => ({ SecretId }), (arn) => ` on resource: ${arn}`],
    ['what is to be made', 'CreateSecret', () => ({ Name: 'new', SecretString: 'v' }), () => ' on resource: new'],
    ['what is not there', 'GetSecretValue', () => ({ SecretId: 'gone' }), () => ' on resource: gone'],
    ['without one', 'ListSecrets', () => ({}), () => ''],
    ['without one', 'GetRandomPassword', () => ({}), () => ''],
  ])('%s: %s', async (_name, operation, input, named) => {
    const arn = await make('app/db');
    const { code, message } = await laptop.refusal(operation, input(arn), role);
    expect(code).toBe('AccessDeniedException');
    expect(message).toBe(
      `${user} is not authorized to perform: secretsmanager:${operation}${named(arn)} because no identity-based policy allows the secretsmanager:${operation} action`,
    );
  });

  test('and no operation forgets to ask', async () => {
    const arn = await make('app/db');
    const inputs: Record<string, object> = {
      CreateSecret: { Name: 'n' },
      ListSecrets: {},
      GetRandomPassword: {},
      BatchGetSecretValue: { SecretIdList: [arn] },
      TagResource: { SecretId: arn, Tags: [] },
      UntagResource: { SecretId: arn, TagKeys: [] },
      PutSecretValue: { SecretId: arn, SecretString: 'v' },
      UpdateSecretVersionStage: { SecretId: arn, VersionStage: 's' },
      PutResourcePolicy: { SecretId: arn, ResourcePolicy: '{}' },
      ValidateResourcePolicy: { ResourcePolicy: '{}' },
      ReplicateSecretToRegions: { SecretId: arn, AddReplicaRegions: [{ Region: 'eu-west-1' }] },
      RemoveRegionsFromReplication: { SecretId: arn, RemoveReplicaRegions: ['eu-west-1'] },
    };
    const operations = Object.keys(laptop.service.operations);
    expect(operations).toHaveLength(23);
    for (const operation of operations) {
      const { code, message } = await laptop.refusal(operation, inputs[operation] ?? { SecretId: arn }, role);
      expect([operation, code]).toEqual([operation, 'AccessDeniedException']);
      expect(message).toContain(`secretsmanager:${operation}`);
    }
  });
});

describe('a grant', () => {
  test('for an ARN with its suffix as wildcard covers the secret by name and by ARN, and no other', async () => {
    const arn = await make('app/db');
    await make('app/db2');
    await grant(
      allow('secretsmanager:GetSecretValue', {
        Resource: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-??????',
      }),
    );
    expect((await read('app/db')).SecretString).toBe('value of app/db');
    expect((await read(arn)).SecretString).toBe('value of app/db');
    await expect(read('app/db2')).rejects.toMatchObject({ code: 'AccessDeniedException' });
  });

  test('for one label is none for another', async () => {
    const arn = await make('s');
    const put = { SecretId: arn, SecretString: 'candidate', VersionStages: ['AWSPENDING'] };
    const { VersionId } = await laptop.ask('PutSecretValue', put);
    const Condition = { 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': 'AWSCURRENT' } };
    await grant(allow('secretsmanager:GetSecretValue', { Condition }));
    await read('s');
    await read('s', { VersionStage: 'AWSCURRENT' });
    for (const which of [{ VersionStage: 'AWSPENDING' }, { VersionId }]) {
      await expect(read('s', which)).rejects.toMatchObject({ code: 'AccessDeniedException' });
    }
  });

  test('by the secret’s tags, and by the tags of a request', async () => {
    await make('blue', { Tags: [{ Key: 'team', Value: 'blue' }] });
    await make('red', { Tags: [{ Key: 'team', Value: 'red' }] });
    await grant(
      allow('secretsmanager:GetSecretValue', { Condition: { StringEquals: { 'aws:ResourceTag/team': 'blue' } } }),
      allow('secretsmanager:CreateSecret', { Condition: { StringEquals: { 'aws:RequestTag/team': 'blue' } } }),
    );
    await read('blue');
    await expect(read('red')).rejects.toMatchObject({ code: 'AccessDeniedException' });
    const create = (Name: string, Value: string) =>
      laptop.ask('CreateSecret', { Name, SecretString: 'v', Tags: [{ Key: 'team', Value }] }, role);
    await create('another-blue', 'blue');
    await expect(create('another-red', 'red')).rejects.toMatchObject({ code: 'AccessDeniedException' });
  });

  test('for one rotation function is none for another', async () => {
    laptop.functions.set(rotatorArn, () => {});
    const other = rotatorArn.replace(/rotator$/, 'other');
    laptop.functions.set(other, () => {});
    await make('s');
    await grant(
      allow('secretsmanager:RotateSecret', {
        Condition: { ArnEquals: { 'secretsmanager:RotationLambdaARN': rotatorArn } },
      }),
    );
    const rotate = (RotationLambdaARN: string) =>
      laptop.ask('RotateSecret', { SecretId: 's', RotationLambdaARN, RotateImmediately: false }, role);
    await expect(rotate(other)).rejects.toMatchObject({ code: 'AccessDeniedException' });
    await rotate(rotatorArn);
  });

  test('by the secret’s own policy, which a Deny in it takes from everybody', async () => {
    const arn = await make('s');
    const policy = (statement: object) => ({
      SecretId: arn,
      ResourcePolicy: JSON.stringify({ Version: '2012-10-17', Statement: { Resource: '*', ...statement } }),
    });
    const Principal = { AWS: 'arn:aws:iam::000000000000:role/reader' };
    const Action = 'secretsmanager:GetSecretValue';
    await laptop.ask('PutResourcePolicy', policy({ Effect: 'Allow', Principal, Action }));
    expect((await read('s')).SecretString).toBe('value of s');
    await laptop.ask('PutResourcePolicy', policy({ Effect: 'Deny', Principal: '*', Action }));
    await expect(laptop.ask('GetSecretValue', { SecretId: 's' })).rejects.toMatchObject({
      code: 'AccessDeniedException',
      message: expect.stringContaining('with an explicit deny in a resource-based policy'),
    });
  });

  test('of a batch is asked for each secret, and of its filters for the list', async () => {
    const arn = await make('mine');
    await make('yours');
    await grant(allow('secretsmanager:BatchGetSecretValue'), allow('secretsmanager:GetSecretValue', { Resource: arn }));
    const { SecretValues, Errors } = await laptop.ask('BatchGetSecretValue', { SecretIdList: ['mine', 'yours'] }, role);
    expect(SecretValues.map(({ Name }: { Name: string }) => Name)).toEqual(['mine']);
    expect(Errors).toEqual([
      {
        SecretId: 'yours',
        ErrorCode: 'AccessDeniedException',
        Message: `${user} is not authorized to perform: secretsmanager:GetSecretValue on resource: yours because no identity-based policy allows the secretsmanager:GetSecretValue action`,
      },
    ]);
    const byFilter = { Filters: [{ Key: 'name', Values: ['m'] }] };
    expect((await laptop.refusal('BatchGetSecretValue', byFilter, role)).message).toContain(
      'secretsmanager:ListSecrets',
    );
  });
});
