import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Principal } from '../../../../../packages/laptop/cloud.ts';
import { administrator } from '../../../../../packages/laptop/identity/principals.ts';
import { type Laptop, startLaptop } from './laptop.ts';

let laptop: Laptop;
let role: Principal;

beforeEach(async () => {
  laptop = await startLaptop();
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  await asPerson('iam', 'CreateRole', {
    RoleName: 'reader',
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: trust }),
  });
  await grant('secretsmanager', 'secretsmanager:*');
  role = laptop.cloud.assumeRole('arn:aws:iam::000000000000:role/reader', 'environment-1').principal;
});
afterEach(() => laptop.cloud.close());

const asPerson = (service: string, operation: string, input: object): Promise<any> =>
  laptop.cloud.call({ service, operation, input, principal: administrator(laptop.cloud.accountId) });
const grant = (PolicyName: string, Action: string | string[], more: object = {}) =>
  asPerson('iam', 'PutRolePolicy', {
    RoleName: 'reader',
    PolicyName,
    PolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action, Resource: '*', ...more }],
    }),
  });
const makeKey = async () => (await asPerson('kms', 'CreateKey', {})).KeyMetadata.Arn as string;
const make = async (KmsKeyId: string) =>
  (await laptop.ask('CreateSecret', { Name: 's', SecretString: 'one', KmsKeyId })).ARN as string;
const keysOf = async (): Promise<string[][]> =>
  (await laptop.ask('ListSecretVersionIds', { SecretId: 's', IncludeDeprecated: true })).Versions.map(
    ({ KmsKeyIds }: { KmsKeyIds: string[] }) => KmsKeyIds,
  );

const refused = { code: 'AccessDeniedException', message: 'Access to KMS is not allowed' };

describe('a key of one’s own', () => {
  test('needs a grant of its own, to read and to write; the person is told which', async () => {
    const key = await makeKey();
    const arn = await make(key);
    const put = { SecretId: 's', SecretString: 'two' };
    expect(await laptop.refusal('GetSecretValue', { SecretId: 's' }, role)).toMatchObject(refused);
    expect(await laptop.refusal('PutSecretValue', put, role)).toMatchObject(refused);
    expect(laptop.log.join('\n')).toContain(`secretsmanager GetSecretValue of ${arn}`);
    expect(laptop.log.join('\n')).toContain(`kms:Decrypt on resource: ${key}`);

    await grant('kms', 'kms:Decrypt');
    expect((await laptop.ask('GetSecretValue', { SecretId: 's' }, role)).SecretString).toBe('one');
    expect(await laptop.refusal('PutSecretValue', put, role)).toMatchObject(refused);
    await grant('kms', ['kms:Decrypt', 'kms:GenerateDataKey']);
    await laptop.ask('PutSecretValue', put, role);
    expect((await laptop.ask('DescribeSecret', { SecretId: 's' })).KmsKeyId).toBe(key);
  });

  test('while KMS is not there for a secret, its value can be neither read nor written; its labels can', async () => {
    await grant('kms', 'kms:*');
    const arn = await make(await makeKey());
    const rule = { kind: 'error', service: 'kms', code: 'KMSInternalException', httpStatus: 500, rate: 1 } as const;
    const { id } = laptop.cloud.faults.add({ ...rule, mentions: arn });
    expect(await laptop.refusal('GetSecretValue', { SecretId: 's' }, role)).toMatchObject({
      code: 'DecryptionFailure',
    });
    const put = { SecretId: 's', SecretString: 'two' };
    expect(await laptop.refusal('PutSecretValue', put, role)).toMatchObject({ code: 'EncryptionFailure' });
    expect((await laptop.ask('DescribeSecret', { SecretId: 's' }, role)).ARN).toBe(arn);
    laptop.cloud.faults.remove(id);
    expect((await laptop.ask('GetSecretValue', { SecretId: 's' }, role)).SecretString).toBe('one');
  });

  test('a secret without a value needs it as well', async () => {
    const KmsKeyId = await makeKey();
    expect(await laptop.refusal('CreateSecret', { Name: 'empty', KmsKeyId }, role)).toMatchObject(refused);
    expect((await laptop.refusal('DescribeSecret', { SecretId: 'empty' })).code).toBe('ResourceNotFoundException');
  });

  test('a grant may hold through Secrets Manager only, and for one secret', async () => {
    const arn = await make(await makeKey());
    const narrow = (secret: string) => ({
      Condition: {
        StringEquals: {
          'kms:ViaService': 'secretsmanager.us-east-1.amazonaws.com',
          'kms:EncryptionContext:SecretARN': secret,
        },
      },
    });
    await grant('kms', 'kms:Decrypt', narrow('arn:aws:secretsmanager:us-east-1:000000000000:secret:other-abcdef'));
    expect(await laptop.refusal('GetSecretValue', { SecretId: 's' }, role)).toMatchObject(refused);
    await grant('kms', 'kms:Decrypt', narrow(arn));
    await laptop.ask('GetSecretValue', { SecretId: 's' }, role);
  });

  test('that is disabled or not there', async () => {
    const KeyId = await makeKey();
    await make(KeyId);
    await asPerson('kms', 'DisableKey', { KeyId });
    expect((await laptop.refusal('GetSecretValue', { SecretId: 's' })).code).toBe('DecryptionFailure');
    const put = { SecretId: 's', SecretString: 'two' };
    expect((await laptop.refusal('PutSecretValue', put)).code).toBe('EncryptionFailure');
    await asPerson('kms', 'EnableKey', { KeyId });
    await laptop.ask('PutSecretValue', put);
    const absent = { Name: 'x', SecretString: 'v', KmsKeyId: '11111111-2222-4333-8444-555555555555' };
    expect((await laptop.refusal('CreateSecret', absent)).code).toBe('EncryptionFailure');
  });
});

describe('the service’s own key', () => {
  test.each([
    undefined,
    '',
    'alias/aws/secretsmanager',
  ])('asked for as %j is everybody’s and never shown', async (KmsKeyId) => {
    await laptop.ask('CreateSecret', { Name: 's', SecretString: 'one', ...(KmsKeyId !== undefined && { KmsKeyId }) });
    expect((await laptop.ask('GetSecretValue', { SecretId: 's' }, role)).SecretString).toBe('one');
    expect((await laptop.ask('DescribeSecret', { SecretId: 's' })).KmsKeyId).toBeUndefined();
    expect(await keysOf()).toEqual([['DefaultEncryptionKey']]);
  });
});

describe('another key', () => {
  test('takes the labelled versions along; the earlier one still opens them', async () => {
    const [first, second] = [await makeKey(), await makeKey()];
    await make(first);
    for (const SecretString of ['two', 'three']) await laptop.ask('PutSecretValue', { SecretId: 's', SecretString });
    await laptop.ask('UpdateSecret', { SecretId: 's', KmsKeyId: second });
    expect(await keysOf()).toEqual([[first], [second, first], [second, first]]);
    await laptop.ask('PutSecretValue', { SecretId: 's', SecretString: 'four' });
    expect((await keysOf()).at(-1)).toEqual([second]);

    await grant('kms', 'kms:Decrypt', { Resource: first });
    expect(
      (await laptop.ask('GetSecretValue', { SecretId: 's', VersionStage: 'AWSPREVIOUS' }, role)).SecretString,
    ).toBe('three');
    expect(await laptop.refusal('GetSecretValue', { SecretId: 's' }, role)).toMatchObject(refused);
  });

  test('leaves the versions as they were where the caller cannot decrypt them', async () => {
    const [first, second] = [await makeKey(), await makeKey()];
    await make(first);
    await grant('kms', ['kms:Decrypt', 'kms:GenerateDataKey'], { Resource: second });
    await laptop.ask('UpdateSecret', { SecretId: 's', KmsKeyId: second }, role);
    expect(await keysOf()).toEqual([[first]]);
    await laptop.ask('PutSecretValue', { SecretId: 's', SecretString: 'two' }, role);
    expect((await laptop.ask('GetSecretValue', { SecretId: 's' }, role)).SecretString).toBe('two');
  });

  test('may be the service’s again', async () => {
    await make(await makeKey());
    await laptop.ask('UpdateSecret', { SecretId: 's', KmsKeyId: '' });
    expect((await laptop.ask('DescribeSecret', { SecretId: 's' })).KmsKeyId).toBeUndefined();
    expect((await laptop.ask('GetSecretValue', { SecretId: 's' }, role)).SecretString).toBe('one');
  });
});
