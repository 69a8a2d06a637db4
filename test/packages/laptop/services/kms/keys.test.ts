import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetKeyPolicyCommand,
  KMSClient,
  ListAliasesCommand,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import type { KmsService } from '../../../../../packages/laptop/services/kms/service.ts';
import { clientOptions } from '../../wire/probe.ts';

const account = '000000000000';
const roleArn = `arn:aws:iam::${account}:role/reader`;
let cloud: RunningCloud;
let clock: ManualClock;
let kms: KMSClient;

beforeEach(async () => {
  clock = new ManualClock(new Date('2026-01-01T00:00:00Z'));
  cloud = await createCloud({ services: [], clock, log: (line) => expect(line).toBe('') });
  kms = new KMSClient(clientOptions(cloud));
});
afterEach(() => cloud.close());

const plain = Buffer.from('a data key');
const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });

async function asRole(...statements: object[]): Promise<KMSClient> {
  const iam = new IAMClient(clientOptions(cloud));
  const trust = policy({ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' });
  await iam.send(new CreateRoleCommand({ RoleName: 'reader', AssumeRolePolicyDocument: trust }));
  if (statements.length > 0) {
    const PolicyDocument = policy(...statements);
    await iam.send(new PutRolePolicyCommand({ RoleName: 'reader', PolicyName: 'p', PolicyDocument }));
  }
  const { accessKeyId, secretAccessKey, sessionToken } = cloud.assumeRole(roleArn, 's');
  return new KMSClient({ ...clientOptions(cloud), credentials: { accessKeyId, secretAccessKey, sessionToken } });
}

describe('encryption', () => {
  test('what a key encrypted it decrypts, under the same encryption context only', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: 'd' }));
    const EncryptionContext = { SecretARN: 'a', SecretVersionId: 'b' };
    const { CiphertextBlob } = await kms.send(
      new EncryptCommand({ KeyId: KeyMetadata?.KeyId, Plaintext: plain, EncryptionContext }),
    );
    expect(Buffer.from(CiphertextBlob ?? []).includes(plain)).toBe(false);
    const back = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(Buffer.from(back.Plaintext ?? []).toString()).toBe('a data key');
    expect(back.KeyId).toBe(KeyMetadata?.Arn);
    const wrong = { ...EncryptionContext, SecretVersionId: 'c' };
    await expect(kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: wrong }))).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
    const tampered = Uint8Array.from(CiphertextBlob ?? []);
    tampered[tampered.length - 1]! ^= 1;
    await expect(kms.send(new DecryptCommand({ CiphertextBlob: tampered, EncryptionContext }))).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  test('data keys come with their ciphertext, by alias too', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/mine', TargetKeyId: KeyMetadata?.KeyId }));
    const made = await kms.send(new GenerateDataKeyCommand({ KeyId: 'alias/mine', KeySpec: 'AES_256' }));
    expect(made.Plaintext).toHaveLength(32);
    const back = await kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, KeyId: 'alias/mine' }));
    expect(back.Plaintext).toEqual(made.Plaintext);
    const { Aliases } = await kms.send(new ListAliasesCommand({}));
    expect(Aliases).toMatchObject([{ AliasName: 'alias/mine', TargetKeyId: KeyMetadata?.KeyId }]);
  });
});

describe('who may use a key', () => {
  test('under the default policy IAM decides', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId: KeyMetadata?.KeyId, Plaintext: plain }));
    const none = await asRole();
    await expect(none.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `User: arn:aws:sts::${account}:assumed-role/reader/s is not authorized to perform: kms:Decrypt on resource: ${KeyMetadata?.Arn} because no identity-based policy allows the kms:Decrypt action`,
    });
  });

  test('a grant bound to an encryption context opens for that context only', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const KeyId = KeyMetadata?.KeyId;
    const Condition = { StringEquals: { 'kms:EncryptionContext:SecretARN': 'mine' } };
    const reader = await asRole({ Effect: 'Allow', Action: 'kms:Decrypt', Resource: KeyMetadata?.Arn, Condition });
    const sealed = async (SecretARN: string) => {
      const EncryptionContext = { SecretARN };
      const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: plain, EncryptionContext }));
      return new DecryptCommand({ CiphertextBlob, EncryptionContext });
    };
    expect((await reader.send(await sealed('mine'))).KeyId).toBe(KeyMetadata?.Arn);
    await expect(reader.send(await sealed('other'))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  test('a key policy that does not let IAM decide keeps everybody else out', async () => {
    const onlyAdministrators = policy({
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${account}:user/administrator` },
      Action: 'kms:*',
      Resource: '*',
    });
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy: onlyAdministrators }));
    const KeyId = KeyMetadata?.KeyId;
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: plain }));
    const reader = await asRole({ Effect: 'Allow', Action: 'kms:*', Resource: '*' });
    await expect(reader.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    const opened = policy({ Effect: 'Allow', Principal: { AWS: roleArn }, Action: 'kms:Decrypt', Resource: '*' });
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy: opened }));
    expect((await kms.send(new GetKeyPolicyCommand({ KeyId }))).Policy).toBe(opened);
    expect((await reader.send(new DecryptCommand({ CiphertextBlob }))).KeyId).toBe(KeyMetadata?.Arn);
  });

  test('a service’s own key serves everybody through that service, and nobody directly', async () => {
    const service = cloud.service<KmsService>('kms');
    await asRole();
    const principal = cloud.assumeRole(roleArn, 's').principal;
    const use = { principal, keyId: 'alias/aws/secretsmanager', region: 'us-east-1', action: 'kms:Decrypt' };
    expect((await service.checkUse({ ...use, viaService: 'secretsmanager' })).managedBy).toBe('AWS');
    await expect(service.checkUse({ ...use, viaService: 'ssm' })).rejects.toMatchObject({
      code: 'AccessDeniedException',
    });
    await expect(service.checkUse(use)).rejects.toMatchObject({ code: 'AccessDeniedException' });
  });
});

describe('a key that is not usable', () => {
  test('disabled, pending deletion, gone, never there', async () => {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const KeyId = KeyMetadata?.KeyId;
    const encrypt = () => kms.send(new EncryptCommand({ KeyId, Plaintext: plain }));
    await kms.send(new DisableKeyCommand({ KeyId }));
    await expect(encrypt()).rejects.toMatchObject({
      name: 'DisabledException',
      message: `${KeyMetadata?.Arn} is disabled.`,
    });
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    await expect(encrypt()).rejects.toMatchObject({
      name: 'KMSInvalidStateException',
      message: `${KeyMetadata?.Arn} is pending deletion.`,
    });
    await clock.advance(7 * 86_400_000);
    await expect(kms.send(new DescribeKeyCommand({ KeyId }))).rejects.toMatchObject({
      name: 'NotFoundException',
      message: `Key '${KeyMetadata?.Arn}' does not exist`,
    });
    await expect(kms.send(new DescribeKeyCommand({ KeyId: 'alias/none' }))).rejects.toThrow(
      `Alias arn:aws:kms:us-east-1:${account}:alias/none is not found.`,
    );
  });
});
