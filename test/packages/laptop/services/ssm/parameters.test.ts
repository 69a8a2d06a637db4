import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, ReceiveMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import {
  AddTagsToResourceCommand,
  DeleteParameterCommand,
  DeleteParametersCommand,
  DescribeParametersCommand,
  GetParameterCommand,
  GetParameterHistoryCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  LabelParameterVersionCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  RemoveTagsFromResourceCommand,
  SSMClient,
  UnlabelParameterVersionCommand,
} from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createEventsService from '../../../../../packages/laptop/services/events/service.ts';
import createSecretsManagerService from '../../../../../packages/laptop/services/secretsmanager/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import createSsmService from '../../../../../packages/laptop/services/ssm/service.ts';
import { clientOptions } from '../../wire/probe.ts';
import { eventually } from '../eventually.ts';

const account = '000000000000';
let cloud: RunningCloud;
let ssm: SSMClient;
beforeEach(async () => {
  cloud = await createCloud({
    services: [createSsmService, createSqsService, createEventsService, createSecretsManagerService],
    settings: { eventsDuplicatedRate: 0 },
    log: () => {},
  });
  ssm = new SSMClient(clientOptions(cloud));
});
afterEach(() => cloud.close());

const put = (Name: string, Value = 'v', more: Partial<PutParameterCommandInput> = {}) =>
  ssm.send(new PutParameterCommand({ Name, Value, Type: 'String', ...more }));
const overwrite = (Name: string, Value: string) => put(Name, Value, { Overwrite: true });
const get = async (Name: string, WithDecryption = false, client = ssm) =>
  (await client.send(new GetParameterCommand({ Name, WithDecryption }))).Parameter;
const arn = (name: string) => `arn:aws:ssm:us-east-1:${account}:parameter${name}`;
const notFound = { name: 'ParameterNotFound', $metadata: { httpStatusCode: 400 } };

describe('a parameter', () => {
  test('is put, read, overwritten and deleted', async () => {
    expect(await put('/app/url', 'a')).toMatchObject({ Version: 1, Tier: 'Standard' });
    expect(await get('/app/url')).toEqual({
      Name: '/app/url',
      Type: 'String',
      Value: 'a',
      Version: 1,
      ARN: arn('/app/url'),
      DataType: 'text',
      LastModifiedDate: expect.any(Date),
    });
    await expect(put('/app/url', 'b')).rejects.toMatchObject({
      name: 'ParameterAlreadyExists',
      message:
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    });
    expect((await overwrite('/app/url', 'b')).Version).toBe(2);
    await ssm.send(new DeleteParameterCommand({ Name: '/app/url' }));
    await expect(get('/app/url')).rejects.toMatchObject(notFound);
    await expect(ssm.send(new DeleteParameterCommand({ Name: '/app/url' }))).rejects.toMatchObject(notFound);
  });

  test('is read by version, by label and by ARN', async () => {
    await put('x', '1');
    await overwrite('x', '2');
    await ssm.send(new LabelParameterVersionCommand({ Name: 'x', ParameterVersion: 1, Labels: ['stable'] }));
    expect(await get('x:1')).toMatchObject({ Value: '1', Selector: ':1' });
    expect(await get('x:stable')).toMatchObject({ Value: '1', Selector: ':stable' });
    expect(await get(arn('/x'))).toMatchObject({ Name: 'x', Value: '2' });
    await expect(get('x:9')).rejects.toMatchObject({
      name: 'ParameterVersionNotFound',
      message: 'Systems Manager could not find version 9 of x. Verify the version and try again.',
    });
  });

  test('belongs to its region', async () => {
    await put('x');
    const ireland = new SSMClient({ ...clientOptions(cloud), region: 'eu-west-1' });
    await expect(get('x', false, ireland)).rejects.toMatchObject(notFound);
  });

  test('has tags', async () => {
    await put('x', 'v', { Tags: [{ Key: 'team', Value: 'core' }] });
    const about = { ResourceType: 'Parameter', ResourceId: 'x' } as const;
    await ssm.send(new AddTagsToResourceCommand({ ...about, Tags: [{ Key: 'stage', Value: 'test' }] }));
    await ssm.send(new RemoveTagsFromResourceCommand({ ...about, TagKeys: ['team'] }));
    expect((await ssm.send(new ListTagsForResourceCommand(about))).TagList).toEqual([{ Key: 'stage', Value: 'test' }]);
    await expect(ssm.send(new ListTagsForResourceCommand({ ...about, ResourceId: 'y' }))).rejects.toMatchObject({
      name: 'InvalidResourceId',
    });
  });

  test.each<[string, string, string, Partial<PutParameterCommandInput>, string, string]>([
    ['a name of AWS’s', '/aws/x', 'v', {}, 'AccessDeniedException', 'No access to reserved parameter name: /aws/x.'],
    ['a name of Systems Manager’s', 'SSMx', 'v', {}, 'ValidationException', 'can\'t be prefixed with "ssm"'],
    ['a name with a space', 'a b', 'v', {}, 'ValidationException', 'letters, numbers and the following 3 symbols'],
    ['a path that does not begin at the root', 'a/b', 'v', {}, 'ValidationException', 'fully qualified name'],
    ['sixteen levels', '/a'.repeat(16), 'v', {}, 'HierarchyLevelLimitExceededException', '15 levels'],
    ['no type', 'x', 'v', { Type: undefined }, 'ValidationException', 'A parameter type is required'],
    [
      'a type that is none',
      'x',
      'v',
      { Type: 'Number' as 'String' },
      'ValidationException',
      "at 'type' failed to satisfy",
    ],
    ['no value', 'x', '', {}, 'ValidationException', "at 'value' failed to satisfy"],
    [
      'a value over 4 KiB',
      'x',
      'v'.repeat(4097),
      {},
      'ValidationException',
      'Standard tier parameters support a maximum',
    ],
    [
      'a value over 8 KiB',
      'x',
      'v'.repeat(8193),
      { Tier: 'Advanced' },
      'ValidationException',
      'Advanced tier parameters',
    ],
    [
      'a value outside its pattern',
      'x',
      'abc',
      { AllowedPattern: '^\\d+$' },
      'ParameterPatternMismatchException',
      'cannot be validated against allowedPattern: ^\\d+$',
    ],
    [
      'tags beside overwrite',
      'x',
      'v',
      { Overwrite: true, Tags: [{ Key: 'a', Value: 'b' }] },
      'ValidationException',
      "can't be used together",
    ],
  ])('is refused with %s', async (_case, name, value, more, code, message) => {
    await expect(put(name, value, more)).rejects.toMatchObject({
      name: code,
      message: expect.stringContaining(message),
    });
  });

  test('keeps its type, and its tier when it is the higher one', async () => {
    await put('x', 'v'.repeat(5000), { Tier: 'Intelligent-Tiering' });
    expect((await overwrite('x', 'short')).Tier).toBe('Advanced');
    await expect(put('x', 'v', { Overwrite: true, Tier: 'Standard' })).rejects.toThrow("You can't downgrade");
    await expect(put('x', 'v', { Overwrite: true, Type: 'SecureString' })).rejects.toMatchObject({
      name: 'HierarchyTypeMismatchException',
    });
  });
});

describe('several at once', () => {
  test('are read with those that are not there named', async () => {
    await put('a', '1');
    await put('b', '2');
    const { Parameters, InvalidParameters } = await ssm.send(
      new GetParametersCommand({ Names: ['a', 'b', 'none', 'a:9'] }),
    );
    expect(Parameters?.map(({ Name, Value }) => [Name, Value])).toEqual([
      ['a', '1'],
      ['b', '2'],
    ]);
    expect(InvalidParameters).toEqual(['none', 'a:9']);
    const eleven = Array.from({ length: 11 }, (_, index) => `n${index}`);
    await expect(ssm.send(new GetParametersCommand({ Names: eleven }))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining("at 'names' failed to satisfy constraint"),
    });
  });

  test('are deleted with those that are not there named', async () => {
    await put('a');
    expect(await ssm.send(new DeleteParametersCommand({ Names: ['a', 'none'] }))).toMatchObject({
      DeletedParameters: ['a'],
      InvalidParameters: ['none'],
    });
  });

  test('are read by path, one level or all, in pages', async () => {
    for (const name of ['/app/a', '/app/b', '/app/deep/c', '/application/d']) await put(name);
    const byPath = async (Path: string, more: object = {}) => {
      const names: (string | undefined)[][] = [];
      let NextToken: string | undefined;
      do {
        const page = await ssm.send(new GetParametersByPathCommand({ Path, ...more, ...(NextToken && { NextToken }) }));
        names.push((page.Parameters ?? []).map(({ Name }) => Name));
        NextToken = page.NextToken;
      } while (NextToken);
      return names;
    };
    expect(await byPath('/app')).toEqual([['/app/a', '/app/b']]);
    expect(await byPath('/app', { Recursive: true, MaxResults: 2 })).toEqual([['/app/a', '/app/b'], ['/app/deep/c']]);
    expect(await byPath('/', { Recursive: true })).toEqual([['/app/a', '/app/b', '/app/deep/c', '/application/d']]);
    await expect(byPath('app')).rejects.toThrow('must begin with a forward slash');
    await expect(byPath('/app', { MaxResults: 11 })).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(byPath('/app', { NextToken: 'nonsense' })).rejects.toMatchObject({ name: 'InvalidNextToken' });
  });

  test('are described without their values, by filters', async () => {
    await put('/app/a', 'hunter2', { Description: 'about a', Tags: [{ Key: 'team', Value: 'core' }] });
    await put('/app/b', 'hunter2', { Type: 'SecureString' });
    const list = async (...ParameterFilters: object[]) =>
      (await ssm.send(new DescribeParametersCommand({ ParameterFilters: ParameterFilters as { Key: string }[] })))
        .Parameters;
    expect((await list())?.map(({ Name }) => Name)).toEqual(['/app/a', '/app/b']);
    expect(await list({ Key: 'Type', Values: ['SecureString'] })).toEqual([
      expect.objectContaining({ Name: '/app/b', KeyId: 'alias/aws/ssm', Tier: 'Standard', Version: 1 }),
    ]);
    expect((await list({ Key: 'Name', Option: 'Contains', Values: ['p/a'] }))?.[0]).toMatchObject({
      Description: 'about a',
      LastModifiedUser: `arn:aws:iam::${account}:user/administrator`,
    });
    expect(await list({ Key: 'tag:team', Values: ['core'] })).toHaveLength(1);
    expect(await list({ Key: 'Path', Option: 'OneLevel', Values: ['/'] })).toEqual([]);
    expect(JSON.stringify(await list())).not.toContain('hunter2');
    await expect(list({ Key: 'Colour' })).rejects.toMatchObject({ name: 'InvalidFilterKey' });
  });
});

describe('versions', () => {
  test('are kept with who wrote them, and labels that move', async () => {
    await put('x', '1');
    await overwrite('x', '2');
    const label = (ParameterVersion: number, ...Labels: string[]) =>
      ssm.send(new LabelParameterVersionCommand({ Name: 'x', ParameterVersion, Labels }));
    expect(await label(1, 'live', '9lives')).toMatchObject({ ParameterVersion: 1, InvalidLabels: ['9lives'] });
    await label(2, 'live');
    const history = async () => (await ssm.send(new GetParameterHistoryCommand({ Name: 'x' }))).Parameters;
    expect(await history()).toEqual([
      expect.objectContaining({ Version: 1, Value: '1', Labels: [] }),
      expect.objectContaining({ Version: 2, Value: '2', Labels: ['live'] }),
    ]);
    const removed = await ssm.send(
      new UnlabelParameterVersionCommand({ Name: 'x', ParameterVersion: 2, Labels: ['live', 'none'] }),
    );
    expect(removed).toMatchObject({ RemovedLabels: ['live'], InvalidLabels: ['none'] });
    const eleven = Array.from({ length: 11 }, (_, index) => `l${index}`);
    await expect(label(1, ...eleven)).rejects.toMatchObject({ name: 'ParameterVersionLabelLimitExceeded' });
  });

  test('beyond a hundred push the oldest out, unless a label holds it', async () => {
    await put('x', '0');
    for (let version = 1; version <= 100; version++) await overwrite('x', String(version));
    await expect(get('x:1')).rejects.toMatchObject({ name: 'ParameterVersionNotFound' });
    await ssm.send(new LabelParameterVersionCommand({ Name: 'x', ParameterVersion: 2, Labels: ['keep'] }));
    await expect(overwrite('x', 'more')).rejects.toMatchObject({ name: 'ParameterMaxVersionLimitExceeded' });
  });
});

describe('a SecureString', () => {
  test('shows its value to who asks for it decrypted', async () => {
    await put('s', 'hunter2', { Type: 'SecureString' });
    expect((await get('s'))?.Value).not.toContain('hunter2');
    expect((await get('s', true))?.Value).toBe('hunter2');
  });

  test('under a key of one’s own asks for the caller’s right to that key', async () => {
    const kms = new KMSClient(clientOptions(cloud));
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    await put('s', 'hunter2', { Type: 'SecureString', KeyId: KeyMetadata?.KeyId });
    const client = await asRole('reader', ['ssm:GetParameter']);
    await expect(get('s', true, client)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(`kms:Decrypt on resource: ${KeyMetadata?.Arn}`),
    });
    expect((await get('s', false, client))?.Name).toBe('s');
    const allowed = await asRole('owner', ['ssm:GetParameter', 'kms:Decrypt']);
    expect((await get('s', true, allowed))?.Value).toBe('hunter2');
    const other = { Type: 'SecureString' as const, KeyId: 'alias/none' };
    await expect(put('t', 'v', other)).rejects.toMatchObject({ name: 'InvalidKeyId' });
  });
});

async function asRole(RoleName: string, Action: string[]): Promise<SSMClient> {
  const iam = new IAMClient(clientOptions(cloud));
  const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document(trust) }));
  const PolicyDocument = document({ Effect: 'Allow', Action, Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }));
  const { accessKeyId, secretAccessKey, sessionToken } = cloud.assumeRole(
    `arn:aws:iam::${account}:role/${RoleName}`,
    's',
  );
  return new SSMClient({ ...clientOptions(cloud), credentials: { accessKeyId, secretAccessKey, sessionToken } });
}

test('a role without the permission is refused, by action and resource', async () => {
  await put('/app/a');
  const client = await asRole('nobody', ['ssm:GetParametersByPath']);
  await expect(get('/app/a', false, client)).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: `User: arn:aws:sts::${account}:assumed-role/nobody/s is not authorized to perform: ssm:GetParameter on resource: ${arn('/app/a')} because no identity-based policy allows the ssm:GetParameter action`,
  });
});

test('every change is an event: Parameter Store Change', async () => {
  const sqs = new SQSClient(clientOptions(cloud));
  const events = new EventBridgeClient(clientOptions(cloud));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
  const Statement = [
    { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*' },
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  const EventPattern = JSON.stringify({ source: ['aws.ssm'], 'detail-type': ['Parameter Store Change'] });
  await events.send(new PutRuleCommand({ Name: 'r', EventPattern }));
  await events.send(
    new PutTargetsCommand({ Rule: 'r', Targets: [{ Id: 'q', Arn: `arn:aws:sqs:us-east-1:${account}:q` }] }),
  );
  await put('/app/a', 'hunter2', { Description: 'about a' });
  await overwrite('/app/a', 'hunter3');
  await ssm.send(new LabelParameterVersionCommand({ Name: '/app/a', Labels: ['live'] }));
  await ssm.send(new DeleteParameterCommand({ Name: '/app/a' }));
  const receive = async () =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0 }))).Messages ??
    [];
  const messages = await eventually(receive, (found) => found.length === 4);
  const bodies = messages.map(({ Body }) => JSON.parse(Body as string));
  expect(bodies.map(({ detail }) => detail.operation).sort()).toEqual([
    'Create',
    'Delete',
    'LabelParameterVersion',
    'Update',
  ]);
  expect(bodies[0]).toMatchObject({
    source: 'aws.ssm',
    resources: [arn('/app/a')],
    detail: { name: '/app/a', type: 'String', description: 'about a' },
  });
  expect(JSON.stringify(bodies)).not.toMatch(/hunter/);
});

test('a secret is read through Parameter Store, decrypted only', async () => {
  const secrets = new SecretsManagerClient(clientOptions(cloud));
  await secrets.send(new CreateSecretCommand({ Name: 'app/db', SecretString: 'hunter2' }));
  const name = '/aws/reference/secretsmanager/app/db';
  expect((await get(name, true))?.Value).toBe('hunter2');
  await expect(get(name)).rejects.toThrow('WithDecryption flag must be True');
  await expect(get(`${name}x`, true)).rejects.toMatchObject({ name: 'ParameterNotFound' });
});
