import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { TemplateResource } from '../../../../../packages/laptop/assembly/resource.ts';
import { resources } from '../../../../../packages/laptop/services/secretsmanager/resources.ts';
import { eventually } from '../eventually.ts';
import { type Laptop, rotatorArn, rotatorFor, startLaptop } from './laptop.ts';

let laptop: Laptop;
beforeEach(async () => {
  laptop = await startLaptop();
});
afterEach(() => laptop.cloud.close());

function create(type: string, properties: Record<string, unknown>, logicalId = 'Database') {
  const provider = resources.find((each) => each.type === `AWS::SecretsManager::${type}`)!;
  const resource = { logicalId, stackName: 'app', type: provider.type, properties, metadata: {} };
  return Promise.resolve(provider.create(resource as unknown as TemplateResource, laptop.cloud));
}
const value = async (SecretId: string) => (await laptop.ask('GetSecretValue', { SecretId })).SecretString as string;

test('a generated value goes into its template under its key', async () => {
  const { ref, attributes } = await create('Secret', {
    Description: 'the login',
    Tags: [{ Key: 'team', Value: 'blue' }],
    GenerateSecretString: {
      SecretStringTemplate: '{"username":"shop","port":5432}',
      GenerateStringKey: 'password',
      PasswordLength: 20,
      ExcludePunctuation: true,
    },
  });
  expect(attributes).toEqual({ Id: ref });
  const { password, ...rest } = JSON.parse(await value(ref));
  expect(rest).toEqual({ username: 'shop', port: 5432 });
  expect(password).toMatch(/^[A-Za-z0-9]{20}$/);
  expect(await laptop.ask('DescribeSecret', { SecretId: ref })).toMatchObject({
    Name: expect.stringMatching(/^Database-[0-9a-f]{12}$/),
    Description: 'the login',
    Tags: [{ Key: 'team', Value: 'blue' }],
  });
});

test('what the API refuses stops the load', async () => {
  await create('Secret', { Name: 'taken', SecretString: 'v' });
  await expect(create('Secret', { Name: 'taken', SecretString: 'w' })).rejects.toMatchObject({
    code: 'ResourceExistsException',
  });
  await expect(create('Secret', { Name: 'no name' })).rejects.toMatchObject({ code: 'ValidationException' });
  await expect(create('Secret', { Name: 'x', Owner: 'me' })).rejects.toMatchObject({ code: 'UnsupportedProperty' });
  await expect(create('Secret', { GenerateSecretString: { SecretStringTemplate: '{}' } })).rejects.toMatchObject({
    code: 'UnsupportedProperty',
  });
});

test('replicas, and a policy', async () => {
  const { ref } = await create('Secret', { Name: 's', SecretString: 'v', ReplicaRegions: [{ Region: 'eu-west-1' }] });
  expect(await laptop.ask('DescribeSecret', { SecretId: ref })).toMatchObject({
    ReplicationStatus: [{ Region: 'eu-west-1', Status: 'InSync' }],
  });
  const Statement = { Effect: 'Allow', Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*' };
  const ResourcePolicy = { Version: '2012-10-17', Statement };
  await expect(
    create('ResourcePolicy', { SecretId: ref, ResourcePolicy, BlockPublicPolicy: true }),
  ).rejects.toMatchObject({ code: 'PublicPolicyException' });
  await create('ResourcePolicy', { SecretId: ref, ResourcePolicy });
  const read = await laptop.ask('GetResourcePolicy', { SecretId: ref });
  expect(JSON.parse(read.ResourcePolicy)).toEqual(ResourcePolicy);
});

test('a rotation schedule rotates at once unless it is told not to, as CloudFormation has it', async () => {
  laptop.functions.set(rotatorArn, rotatorFor(laptop));
  const RotationRules = { ScheduleExpression: 'rate(10 days)' };
  const schedule = { RotationLambdaARN: rotatorArn, RotationRules };
  const { ref } = await create('Secret', { Name: 'at-once', SecretString: 'first' });
  await create('RotationSchedule', { SecretId: ref, ...schedule });
  await eventually(async () => (await value(ref)) !== 'first');

  const { ref: later } = await create('Secret', { Name: 'later', SecretString: 'first' });
  await create('RotationSchedule', { SecretId: later, ...schedule, RotateImmediatelyOnUpdate: false });
  const described = await laptop.ask('DescribeSecret', { SecretId: later });
  expect(described).toMatchObject({ RotationEnabled: true, RotationRules, NextRotationDate: expect.any(Date) });
  expect(await value(later)).toBe('first');
});

test('a rotation schedule of a function that lets nobody in stops the load', async () => {
  const { ref } = await create('Secret', { Name: 's', SecretString: 'v' });
  const schedule = { SecretId: ref, RotationLambdaARN: rotatorArn, RotationRules: { AutomaticallyAfterDays: 1 } };
  await expect(create('RotationSchedule', schedule)).rejects.toMatchObject({ code: 'AccessDeniedException' });
  await expect(create('RotationSchedule', { SecretId: ref })).rejects.toMatchObject({
    message: 'No Lambda rotation function ARN is associated with this secret.',
  });
});
