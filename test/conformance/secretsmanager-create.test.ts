import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal } from './endpoint.ts';
import { openSecrets, type Secrets, token } from './secrets.ts';

let secrets: Secrets;
beforeAll(async () => {
  secrets = await openSecrets();
});
afterAll(() => secrets.close());

describe('CreateSecret', () => {
  test('with a value: ARN with six random characters, the token as version, AWSCURRENT on it', async () => {
    const Name = secrets.name('create');
    const ClientRequestToken = token();
    const made = await secrets.send(new CreateSecretCommand({ Name, SecretString: 'one', ClientRequestToken }));
    expect(made).toMatchObject({ Name, VersionId: ClientRequestToken });
    expect(made.ARN).toMatch(new RegExp(`^arn:aws:secretsmanager:[a-z0-9-]+:\\d{12}:secret:${Name}-[A-Za-z0-9]{6}$`));
    expect(made).not.toHaveProperty('ReplicationStatus');
    expect(await secrets.labels(Name)).toEqual({ [ClientRequestToken]: ['AWSCURRENT'] });
  });

  test('without a value: no version, nothing to read, and only what has a value is described', async () => {
    const Name = secrets.name('empty');
    const { $metadata: _, ...made } = await secrets.send(new CreateSecretCommand({ Name, Description: '' }));
    expect(made).toEqual({ ARN: expect.any(String), Name });
    const { $metadata: __, ...described } = await secrets.send(new DescribeSecretCommand({ SecretId: Name }));
    expect(Object.keys(described).sort()).toEqual(['ARN', 'CreatedDate', 'LastChangedDate', 'Name']);
    expect(await refusal(secrets.read(Name))).toEqual({
      code: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
      status: 400,
    });
  });

  test('a first value with AWSPENDING only becomes current as well', async () => {
    const { arn } = await secrets.make('first-pending');
    const { VersionId, VersionStages } = await secrets.send(
      new PutSecretValueCommand({ SecretId: arn, SecretString: 'one', VersionStages: ['AWSPENDING'] }),
    );
    expect([...VersionStages!].sort()).toEqual(['AWSCURRENT', 'AWSPENDING']);
    expect(await secrets.labels(arn)).toEqual({ [VersionId!]: ['AWSCURRENT', 'AWSPENDING'] });
  });

  test.each([
    's-plain',
    'Valid/_+=.@-Name',
    'Valid/_+=.@-Name-a1b2',
    'Valid/_+=.@-Name-a1b2c3-',
  ])('a name like %s, read by name, by ARN, and by ARN without its suffix', async (subject) => {
    const { name, arn } = await secrets.make(subject, { SecretString: 'here', Description: 'about' });
    // A unique name ends in a hyphen and twelve characters, so that the cut ARN cannot be taken for a whole one.
    for (const id of [name, arn, arn.slice(0, -7)]) expect(await secrets.read(id)).toBe('here');
  });

  test('an ARN without its suffix, of a name that ends in a hyphen and six characters, is taken for a whole one', async () => {
    const Name = `${secrets.name('ends-like-arn')}-a1b2c3`;
    const { arn } = await secrets.make('', { Name, SecretString: 'v' });
    expect(await secrets.read(arn)).toBe('v');
    expect(await refusal(secrets.read(arn.slice(0, -7)))).toMatchObject({ code: 'ResourceNotFoundException' });
  });

  test.each(['Inv Name', ' Inv Name', ' Inv*Name? ', ' Inv *?!]Name\\-'])('no name: %j', async (Name) => {
    const invalid = {
      code: 'ValidationException',
      message:
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
      status: 400,
    };
    expect(await refusal(secrets.send(new CreateSecretCommand({ Name, SecretString: 'v' })))).toEqual(invalid);
    expect(await refusal(secrets.send(new DescribeSecretCommand({ SecretId: Name })))).toEqual(invalid);
    expect(await refusal(secrets.read(Name))).toEqual(invalid);
    expect(await refusal(secrets.put(Name, 'v'))).toEqual(invalid);
  });

  test('both kinds of value at once', async () => {
    const Name = secrets.name('both');
    const both = new CreateSecretCommand({ Name, SecretString: 'v', SecretBinary: Buffer.from('v') });
    expect(await refusal(secrets.send(both))).toMatchObject({ code: 'InvalidParameterException' });
    expect(await refusal(secrets.send(new DescribeSecretCommand({ SecretId: Name })))).toMatchObject({
      code: 'ResourceNotFoundException',
    });
  });

  test('bytes come back as they were put', async () => {
    const SecretBinary = Uint8Array.from([0, 1, 2, 255]);
    const { arn } = await secrets.make('binary', { SecretBinary });
    const value = await secrets.send(new GetSecretValueCommand({ SecretId: arn }));
    expect(value.SecretString).toBeUndefined();
    expect([...value.SecretBinary!]).toEqual([0, 1, 2, 255]);
  });

  test('65,536 bytes fit, one more does not, none at all neither; the value is not in the message', async () => {
    const { arn } = await secrets.make('size', { SecretString: 'x'.repeat(65_536) });
    expect((await secrets.read(arn))!.length).toBe(65_536);
    const tooLong = await refusal(secrets.put(arn, 'y'.repeat(65_537)));
    expect(tooLong).toEqual({
      code: 'ValidationException',
      message:
        "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
      status: 400,
    });
    const empty = await refusal(secrets.put(arn, ''));
    expect(empty.message).toBe(
      "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  });
});

describe('the token makes a request idempotent', () => {
  test('CreateSecret: the same again, another value, another token', async () => {
    const Name = secrets.name('idempotent');
    const create = (SecretString: string, ClientRequestToken: string) =>
      secrets.send(new CreateSecretCommand({ Name, SecretString, ClientRequestToken }));
    const first = token();
    const { $metadata: _, ...made } = await create('one', first);
    const { $metadata: __, ...again } = await create('one', first);
    expect(again).toEqual(made);
    expect(await refusal(create('two', first))).toEqual({
      code: 'ResourceExistsException',
      message: `You can't use ClientRequestToken ${first} because that value is already in use for a version of secret ${made.ARN}.`,
      status: 400,
    });
    expect(await refusal(create('one', token()))).toEqual({
      code: 'ResourceExistsException',
      message: `The operation failed because the secret ${Name} already exists.`,
      status: 400,
    });
  });

  test('PutSecretValue: the same again is ignored, labels and all; another value is refused', async () => {
    const { arn, versionId } = await secrets.make('idempotent-put', { SecretString: 'one' });
    const second = await secrets.put(arn, 'two');
    const ClientRequestToken = versionId!;
    const again = new PutSecretValueCommand({ SecretId: arn, SecretString: 'one', ClientRequestToken });
    expect(await secrets.send(again)).toMatchObject({ VersionId: versionId, VersionStages: ['AWSPREVIOUS'] });
    expect(await secrets.labels(arn)).toEqual({ [versionId!]: ['AWSPREVIOUS'], [second]: ['AWSCURRENT'] });
    expect(await refusal(secrets.put(arn, 'other', { ClientRequestToken }))).toMatchObject({
      code: 'ResourceExistsException',
      message: expect.stringContaining(`You can't use ClientRequestToken ${versionId}`),
    });
  });

  test('UpdateSecret: likewise', async () => {
    const { arn, versionId } = await secrets.make('idempotent-update', { SecretString: 'one' });
    const update = (SecretString: string) =>
      secrets.send(new UpdateSecretCommand({ SecretId: arn, SecretString, ClientRequestToken: versionId }));
    expect((await update('one')).VersionId).toBe(versionId);
    expect(await refusal(update('two'))).toMatchObject({ code: 'ResourceExistsException' });
  });

  test('a token has 32 to 64 characters', async () => {
    const { arn } = await secrets.make('token-length', { SecretString: 'one' });
    expect(await refusal(secrets.put(arn, 'two', { ClientRequestToken: 'x'.repeat(31) }))).toEqual({
      code: 'ValidationException',
      message: `1 validation error detected: Value '${'x'.repeat(31)}' at 'clientRequestToken' failed to satisfy constraint: Member must have length greater than or equal to 32`,
      status: 400,
    });
    expect((await refusal(secrets.put(arn, 'two', { ClientRequestToken: 'x'.repeat(65) }))).message).toContain(
      'Member must have length less than or equal to 64',
    );
    expect(await secrets.put(arn, 'two', { ClientRequestToken: 'x'.repeat(64) })).toBe('x'.repeat(64));
  });
});

describe('UpdateSecret', () => {
  test('a description alone makes no version; an empty one takes it away', async () => {
    const { arn, versionId } = await secrets.make('update', { SecretString: 'one', Description: 'before' });
    const update = (input: object) => secrets.send(new UpdateSecretCommand({ SecretId: arn, ...input }));
    const { $metadata: _, ...answer } = await update({ Description: 'after' });
    expect(Object.keys(answer).sort()).toEqual(['ARN', 'Name']);
    const described = await secrets.send(new DescribeSecretCommand({ SecretId: arn }));
    expect(described.Description).toBe('after');
    expect(await secrets.labels(arn)).toEqual({ [versionId!]: ['AWSCURRENT'] });
    await update({ Description: '' });
    expect(await secrets.send(new DescribeSecretCommand({ SecretId: arn }))).not.toHaveProperty('Description');
  });

  test('a value makes one that is current', async () => {
    const { arn, versionId } = await secrets.make('update-value', { SecretString: 'one' });
    const { VersionId } = await secrets.send(new UpdateSecretCommand({ SecretId: arn, SecretString: 'two' }));
    expect(await secrets.labels(arn)).toEqual({ [versionId!]: ['AWSPREVIOUS'], [VersionId!]: ['AWSCURRENT'] });
    expect(await secrets.read(arn)).toBe('two');
  });

  test('every change moves LastChangedDate, none CreatedDate', async () => {
    const { arn } = await secrets.make('dates', { SecretString: 'one' });
    const dates = async () => {
      const { CreatedDate, LastChangedDate } = await secrets.send(new DescribeSecretCommand({ SecretId: arn }));
      return { created: CreatedDate!.getTime(), changed: LastChangedDate!.getTime() };
    };
    const before = await dates();
    await new Promise((resolve) => setTimeout(resolve, 5));
    await secrets.send(new UpdateSecretCommand({ SecretId: arn, Description: 'x' }));
    const after = await dates();
    expect(after.created).toBe(before.created);
    expect(after.changed).toBeGreaterThan(before.changed);
  });

  test.each([
    ['PutSecretValue', (SecretId: string) => secrets.put(SecretId, 'v')],
    ['UpdateSecret', (SecretId: string) => secrets.send(new UpdateSecretCommand({ SecretId, SecretString: 'v' }))],
    ['GetSecretValue', (SecretId: string) => secrets.read(SecretId)],
    ['DescribeSecret', (SecretId: string) => secrets.send(new DescribeSecretCommand({ SecretId }))],
  ])('%s of what is not there', async (_name, call) => {
    expect(await refusal(call(secrets.name('nowhere')))).toEqual({
      code: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret.",
      status: 400,
    });
  });
});
