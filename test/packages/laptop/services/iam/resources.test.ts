import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { TemplateResource } from '../../../../../packages/laptop/assembly/resource.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import { rolePrincipal } from '../../../../../packages/laptop/identity/principals.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import { resources as iamResources } from '../../../../../packages/laptop/services/iam/resources.ts';
import { resources as kmsResources } from '../../../../../packages/laptop/services/kms/resources.ts';

let cloud: RunningCloud;
beforeEach(async () => {
  cloud = await createCloud({ services: [], log: () => {} });
});
afterEach(() => cloud.close());

async function create(type: string, properties: Record<string, unknown>, logicalId = 'Thing') {
  const provider = [...iamResources, ...kmsResources].find((each) => each.type === type);
  const resource = {
    logicalId,
    stackName: 'stack',
    type,
    properties,
    metadata: {},
    assetPath: () => '',
  } as TemplateResource;
  if (!provider) throw new Error(`no provider of ${type}`);
  return provider.create(resource, cloud);
}

const document = (Action: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
});
const AssumeRolePolicyDocument = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};

async function mayRead(roleArn: string, service: string): Promise<boolean> {
  const { allowed } = await cloud.authorise(rolePrincipal(cloud.accountId, roleArn, 's'), {
    action: `${service}:ListQueues`,
    resource: '*',
  });
  return allowed;
}

test('a role has the policies of its template: inline, managed, and attached from another resource', async () => {
  const managed = await create(
    'AWS::IAM::ManagedPolicy',
    { PolicyDocument: document('sqs:ListQueues'), Description: '' },
    'Managed',
  );
  const role = await create('AWS::IAM::Role', { AssumeRolePolicyDocument, ManagedPolicyArns: [managed.ref] }, 'Role');
  expect(role.ref).toMatch(/^stack-Role-[0-9A-F]{12}$/);
  const arn = role.attributes?.Arn as string;
  expect(arn).toBe(`arn:aws:iam::000000000000:role/${role.ref}`);
  expect(await mayRead(arn, 'sqs')).toBe(true);
  const bare = await create('AWS::IAM::Role', { AssumeRolePolicyDocument, RoleName: 'bare', Path: '/a/' }, 'Bare');
  const bareArn = bare.attributes?.Arn as string;
  expect(bareArn).toBe('arn:aws:iam::000000000000:role/a/bare');
  expect(await mayRead(bareArn, 'sqs')).toBe(false);
  await create('AWS::IAM::Policy', { PolicyName: 'p', PolicyDocument: document('sqs:*'), Roles: [bare.ref] }, 'Policy');
  expect(await mayRead(bareArn, 'sqs')).toBe(true);
});

test('a user and its access key', async () => {
  const user = await create('AWS::IAM::User', {
    UserName: 'robot',
    Policies: [{ PolicyName: 'p', PolicyDocument: document('sqs:*') }],
  });
  expect(user).toEqual({ ref: 'robot', attributes: { Arn: 'arn:aws:iam::000000000000:user/robot' } });
  const key = await create('AWS::IAM::AccessKey', { UserName: 'robot' });
  expect(key.ref).toMatch(/^AKIA[A-Z2-7]{16}$/);
  expect(key.attributes?.SecretAccessKey).toHaveLength(40);
});

test('a key and its alias', async () => {
  const key = await create('AWS::KMS::Key', { EnableKeyRotation: true, KeyPolicy: document('kms:*') }).catch(
    (error) => error,
  );
  expect(key).toMatchObject({ code: 'MalformedPolicyDocumentException' });
  const KeyPolicy = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'kms:*', Resource: '*' },
    ],
  };
  const made = await create('AWS::KMS::Key', { EnableKeyRotation: true, KeyPolicy, Tags: [{ Key: 'a', Value: 'b' }] });
  expect(made.attributes?.Arn).toBe(`arn:aws:kms:us-east-1:000000000000:key/${made.ref}`);
  const alias = await create('AWS::KMS::Alias', { AliasName: 'alias/mine', TargetKeyId: made.attributes?.Arn });
  expect(alias.ref).toBe('alias/mine');
});

test.each([
  ['AWS::IAM::User', { LoginProfile: {} }, 'LoginProfile'],
  ['AWS::IAM::Role', { AssumeRolePolicyDocument, Surprise: 1 }, 'Surprise'],
  ['AWS::KMS::Key', { MultiRegion: true }, 'MultiRegion'],
])('what the laptop does not know of %s is named and refused', async (type, properties, name) => {
  await expect(create(type, properties)).rejects.toThrow(`Thing (${type}): property ${name} is not supported`);
});
