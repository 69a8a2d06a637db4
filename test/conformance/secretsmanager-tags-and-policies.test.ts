import {
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  PutResourcePolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
  ValidateResourcePolicyCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal } from './endpoint.ts';
import { openSecrets, type Secrets } from './secrets.ts';

let secrets: Secrets;
beforeAll(async () => {
  secrets = await openSecrets();
});
afterAll(() => secrets.close());

const tagsOf = async (SecretId: string) => (await secrets.send(new DescribeSecretCommand({ SecretId }))).Tags;
const tag = (SecretId: string, Tags: { Key: string; Value: string }[]) =>
  secrets.send(new TagResourceCommand({ SecretId, Tags }));
const untag = (SecretId: string, ...TagKeys: string[]) => secrets.send(new UntagResourceCommand({ SecretId, TagKeys }));

describe('tags', () => {
  test('none to begin with; an empty list once all are taken away', async () => {
    const { arn } = await secrets.make('tagged');
    expect(await tagsOf(arn)).toBeUndefined();
    await tag(arn, [{ Key: 'one', Value: '1' }]);
    await tag(arn, [{ Key: 'two', Value: '2' }]);
    expect(await tagsOf(arn)).toEqual([
      { Key: 'one', Value: '1' },
      { Key: 'two', Value: '2' },
    ]);
    await untag(arn, 'one', 'never-there');
    expect(await tagsOf(arn)).toEqual([{ Key: 'two', Value: '2' }]);
    await untag(arn, 'two');
    expect(await tagsOf(arn)).toEqual([]);
  });

  test('a key that is there gets the new value, in its place', async () => {
    const { arn } = await secrets.make('retagged', {
      Tags: [
        { Key: 'one', Value: '1' },
        { Key: 'two', Value: '2' },
      ],
    });
    await tag(arn, [{ Key: 'one', Value: 'uno' }]);
    expect(await tagsOf(arn)).toEqual([
      { Key: 'one', Value: 'uno' },
      { Key: 'two', Value: '2' },
    ]);
  });

  test('fifty at most, none that begins with aws:, none too long', async () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => ({ Key: `key-${index}`, Value: '' }));
    const { arn } = await secrets.make('many-tags', { Tags: many(50) });
    expect(await refusal(tag(arn, [{ Key: 'one-more', Value: '' }]))).toMatchObject({
      code: 'InvalidParameterException',
    });
    const reserved = new CreateSecretCommand({ Name: secrets.name('aws-tag'), Tags: [{ Key: 'aws:mine', Value: '' }] });
    expect(await refusal(secrets.send(reserved))).toMatchObject({ code: 'InvalidParameterException' });
    expect(await refusal(tag(arn, [{ Key: 'x'.repeat(129), Value: '' }]))).toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining("at 'tags.1.member.key' failed to satisfy constraint"),
    });
  });

  test('of what is not there', async () => {
    const missing = { code: 'ResourceNotFoundException', message: "Secrets Manager can't find the specified secret." };
    expect(await refusal(tag(secrets.name('x'), [{ Key: 'a', Value: 'b' }]))).toMatchObject(missing);
    expect(await refusal(untag(secrets.name('x'), 'a'))).toMatchObject(missing);
  });
});

const statement = (more: object) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*', ...more }],
});
const open = statement({});
const narrowed = (account: string) => statement({ Principal: { AWS: `arn:aws:iam::${account}:root` } });

describe('resource policies', () => {
  const put = (SecretId: string, policy: object | string, BlockPublicPolicy?: boolean) =>
    secrets.send(
      new PutResourcePolicyCommand({
        SecretId,
        ResourcePolicy: typeof policy === 'string' ? policy : JSON.stringify(policy),
        BlockPublicPolicy,
      }),
    );
  const get = async (SecretId: string) => secrets.send(new GetResourcePolicyCommand({ SecretId }));

  test('are put, read and taken away', async () => {
    const { name, arn } = await secrets.make('policy', { SecretString: 'v' });
    const { $metadata: _, ...none } = await get(arn);
    expect(none).toEqual({ ARN: arn, Name: name });
    const { $metadata: __, ...answer } = await put(arn, open);
    expect(answer).toEqual({ ARN: arn, Name: name });
    expect(JSON.parse((await get(name)).ResourcePolicy!)).toEqual(open);
    await secrets.send(new DeleteResourcePolicyCommand({ SecretId: arn }));
    expect(await get(arn)).not.toHaveProperty('ResourcePolicy');
  });

  test.each([
    ['no JSON', 'some policy'],
    ['an effect that is none', JSON.stringify(statement({ Effect: 'AllowSomething' }))],
  ])('%s is malformed', async (_name, policy) => {
    const { arn } = await secrets.make('malformed', { SecretString: 'v' });
    expect(await refusal(put(arn, policy))).toMatchObject({ code: 'MalformedPolicyDocumentException', status: 400 });
    expect(await get(arn)).not.toHaveProperty('ResourcePolicy');
  });

  test('broad access is refused when that is asked for', async () => {
    const { arn } = await secrets.make('public', { SecretString: 'v' });
    expect(await refusal(put(arn, open, true))).toMatchObject({ code: 'PublicPolicyException', status: 400 });
    expect(await get(arn)).not.toHaveProperty('ResourcePolicy');
    await put(arn, narrowed(arn.split(':')[4]!), true);
  });

  test('are validated without being put', async () => {
    const { arn } = await secrets.make('validated', { SecretString: 'v' });
    const validate = (policy: object) =>
      secrets.send(new ValidateResourcePolicyCommand({ SecretId: arn, ResourcePolicy: JSON.stringify(policy) }));
    expect(await validate(narrowed(arn.split(':')[4]!))).toMatchObject({
      PolicyValidationPassed: true,
      ValidationErrors: [],
    });
    const broad = await validate(open);
    expect(broad.PolicyValidationPassed).toBe(false);
    expect(broad.ValidationErrors!.map(({ ErrorMessage }) => ErrorMessage).join()).toContain('grants broad access');
    expect(await get(arn)).not.toHaveProperty('ResourcePolicy');
  });

  test('of what is not there', async () => {
    expect(await refusal(put(secrets.name('x'), open))).toMatchObject({ code: 'ResourceNotFoundException' });
    expect(await refusal(get(secrets.name('x')))).toMatchObject({ code: 'ResourceNotFoundException' });
  });
});
