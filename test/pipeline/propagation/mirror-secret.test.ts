import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import type { MirrorSettings } from '../../../pipeline/contracts/settings/secret.ts';
import { mirrorSecret } from '../../../pipeline/propagation/mirror-secret.ts';
import { asPerson, clientConfig, makeSecret, putSecret, startStores } from '../../packages/consumer/laptop.ts';

let cloud: RunningCloud;

beforeAll(async () => {
  cloud = await startStores();
});
afterEach(() => cloud.reset());
afterAll(() => cloud.close());

const mirror = (secretArn: string, versionId: string, settings: MirrorSettings, maxAttempts = 1) => {
  const config = { ...clientConfig(cloud), maxAttempts };
  return mirrorSecret(
    {
      secretsManager: new SecretsManagerClient(config),
      ssm: new SSMClient(config),
      secretsManagerIn: (region) => new SecretsManagerClient({ ...config, region }),
    },
    { secretArn, versionId, mirror: settings },
  );
};
const toParameter = (more: object = {}): MirrorSettings => ({ to: 'parameter', parameterName: '/app/mirror', ...more });
const parameter = async (Name = '/app/mirror') =>
  (await asPerson(cloud, 'ssm', 'GetParameter', { Name, WithDecryption: true })).Parameter;
const put = (more: object) => asPerson(cloud, 'ssm', 'PutParameter', { Name: '/app/mirror', ...more });
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

describe('a parameter', () => {
  test('is made as a SecureString, follows the secret, and is written only where it differs', async () => {
    const { arn, versionId } = await makeSecret(cloud, 'app/db', 'one');
    expect(await mirror(arn, versionId, toParameter())).toEqual({ mirror: '/app/mirror', changed: true });
    expect(await parameter()).toMatchObject({ Type: 'SecureString', Value: 'one', Version: 1 });
    expect(await mirror(arn, versionId, toParameter())).toEqual({ mirror: '/app/mirror', changed: false });
    const second = await putSecret(cloud, 'app/db', 'two');
    await mirror(arn, second, toParameter());
    expect(await parameter()).toMatchObject({ Value: 'two', Version: 2 });
    // After a roll-back it goes back too: the version is asked for, not whatever is current.
    await mirror(arn, versionId, toParameter());
    expect(await parameter()).toMatchObject({ Value: 'one', Version: 3 });
  });

  test.each([
    ['/password', 'hunter2'],
    ['/nested/a~1b~0c', '7'],
    ['/list/1', 'x'],
  ])('holds one field: %s', async (pointer, expected) => {
    const value = { password: 'hunter2', nested: { 'a/b~c': 7 }, list: ['w', 'x'] };
    const { arn, versionId } = await makeSecret(cloud, 'app/db', JSON.stringify(value));
    await mirror(arn, versionId, toParameter({ pointer }));
    expect((await parameter()).Value).toBe(expected);
  });

  test.each([
    ['4,096 bytes', 4_096, 'Standard'],
    ['more', 4_097, 'Advanced'],
    ['8,192 bytes', 8_192, 'Advanced'],
  ])('of %s', async (_name, bytes, tier) => {
    // Bytes are what counts, not characters.
    const value = `${'ü'.repeat(1_000)}${'x'.repeat(bytes - 2_000)}`;
    const { arn, versionId } = await makeSecret(cloud, 'app/db', value);
    await mirror(arn, versionId, toParameter());
    const { Parameters } = await asPerson(cloud, 'ssm', 'DescribeParameters', {});
    expect(Parameters).toMatchObject([{ Name: '/app/mirror', Tier: tier }]);
    expect((await parameter()).Value).toBe(value);
  });

  test('whose KMS key is disabled waits for it; one whose key is none is refused', async () => {
    const { KeyMetadata } = await asPerson(cloud, 'kms', 'CreateKey', {});
    const { KeyId: keyId } = KeyMetadata;
    const { arn, versionId } = await makeSecret(cloud, 'app/db', 'one');
    await asPerson(cloud, 'kms', 'DisableKey', { KeyId: keyId });
    const disabled = await caught(mirror(arn, versionId, toParameter({ keyId })));
    expect(disabled).toMatchObject({ name: 'InvalidKeyId', message: expect.stringContaining('is disabled') });
    await asPerson(cloud, 'kms', 'EnableKey', { KeyId: keyId });
    expect(await mirror(arn, versionId, toParameter({ keyId }))).toMatchObject({ changed: true });
    const unknown = toParameter({ parameterName: '/app/other', keyId: '00000000-0000-4000-8000-000000000000' });
    expect(await caught(mirror(arn, versionId, unknown))).toMatchObject({ code: 'MirrorFailed' });
  });

  test('what no parameter holds is refused, with what to do', async () => {
    const { arn, versionId } = await makeSecret(cloud, 'app/db', 'x'.repeat(8_193));
    expect(await caught(mirror(arn, versionId, toParameter()))).toMatchObject({
      code: 'MirrorFailed',
      message: expect.stringContaining('"pointer"'),
    });
  });

  test.each([
    ['no such field', '{"password":"hunter2"}', { pointer: '/none' }, '"pointer"'],
    ['no text there', '{"password":{"a":"hunter2"}}', { pointer: '/password' }, '"pointer"'],
    ['not JSON', 'hunter2', { pointer: '/password' }, 'not JSON'],
  ])('%s: refused without a word of the value', async (_name, value, more, words) => {
    const { arn, versionId } = await makeSecret(cloud, 'app/db', value);
    const error = await caught(mirror(arn, versionId, toParameter(more)));
    expect(error).toMatchObject({ code: 'MirrorFailed', message: expect.stringContaining(words) });
    expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain('hunter2');
  });

  test('a binary secret is refused', async () => {
    const { ARN, VersionId } = await asPerson(cloud, 'secretsmanager', 'CreateSecret', {
      Name: 'app/bytes',
      SecretBinary: Buffer.from([1]),
    });
    expect(await caught(mirror(ARN, VersionId, toParameter()))).toMatchObject({ code: 'MirrorFailed' });
  });

  test('that exists in cleartext is neither overwritten nor taken as good', async () => {
    const { arn, versionId } = await makeSecret(cloud, 'app/db', 'hunter2');
    await put({ Value: 'theirs', Type: 'String' });
    expect(await caught(mirror(arn, versionId, toParameter()))).toMatchObject({
      code: 'MirrorFailed',
      message: expect.stringContaining('is a String'),
    });
    expect((await parameter()).Value).toBe('theirs');
  });

  test('whose allowed pattern does not fit: told without the value', async () => {
    const { arn, versionId } = await makeSecret(cloud, 'app/db', 'hunter2');
    await put({ Value: 'aaa', Type: 'SecureString', AllowedPattern: '^a+$' });
    const error = await caught(mirror(arn, versionId, toParameter()));
    expect(error).toMatchObject({ code: 'MirrorFailed', message: expect.stringContaining('allowedPattern') });
    expect(`${error.message} ${error.cause}`).not.toContain('hunter2');
  });

  test('a throttled write is tried again by the SDK, and told as such when that is not enough', async () => {
    const { arn, versionId } = await makeSecret(cloud, 'app/db', 'one');
    cloud.faults.add({ kind: 'throttle', service: 'ssm', operation: 'PutParameter', times: 2 });
    expect(await caught(mirror(arn, versionId, toParameter()))).toMatchObject({ name: 'ThrottlingException' });
    expect(await mirror(arn, versionId, toParameter(), 3)).toMatchObject({ changed: true });
  });

  test('a lost answer: the next attempt finds it written', async () => {
    const { arn, versionId } = await makeSecret(cloud, 'app/db', 'one');
    cloud.faults.add({ kind: 'lose-answer', service: 'ssm', operation: 'PutParameter' });
    await caught(mirror(arn, versionId, toParameter()));
    expect(await mirror(arn, versionId, toParameter())).toMatchObject({ changed: false });
    expect((await parameter()).Version).toBe(1);
  });
});

describe('a replica', () => {
  const toReplica: MirrorSettings = { to: 'replica', region: 'eu-west-1' };
  const replicate = (SecretId: string) =>
    asPerson(cloud, 'secretsmanager', 'ReplicateSecretToRegions', {
      SecretId,
      AddReplicaRegions: [{ Region: 'eu-west-1' }],
    });

  test('that has the version as AWSCURRENT is in step', async () => {
    const { arn } = await makeSecret(cloud, 'app/db', 'one');
    await replicate('app/db');
    const second = await putSecret(cloud, 'app/db', 'two');
    expect(await mirror(arn, second, toReplica)).toEqual({ mirror: 'eu-west-1', changed: false });
  });

  test('that has it with another label, or not at all, is behind: to be asked again', async () => {
    const { arn, versionId } = await makeSecret(cloud, 'app/db', 'one');
    await replicate('app/db');
    await putSecret(cloud, 'app/db', 'two');
    for (const asked of [versionId, 'a-version-that-has-not-arrived-there-yet']) {
      expect(await caught(mirror(arn, asked, toReplica))).toMatchObject({ code: 'ReplicaBehind', retryable: true });
    }
  });

  test('that is not there is nothing to wait for: the manifest or the replication is wrong', async () => {
    const { arn, versionId } = await makeSecret(cloud, 'app/db', 'one');
    expect(await caught(mirror(arn, versionId, toReplica))).toMatchObject({
      code: 'MirrorFailed',
      message: expect.stringContaining('ReplicateSecretToRegions'),
    });
  });
});
