import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import { CloudWatchClient, GetMetricDataCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { InvokeCommand, LambdaClient, ListFunctionsCommand, TagResourceCommand } from '@aws-sdk/client-lambda';
import { CreateDBInstanceCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { GetSecretValueCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { AwsError, type Call } from '../../../../packages/laptop/cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import { clientOptions, cloudWith, post, probe } from './probe.ts';

let cloud: RunningCloud;
afterEach(() => cloud.close());

describe('the JSON protocols', () => {
  test('carry dates, blobs and lists both ways', async () => {
    const seen: unknown[] = [];
    cloud = await cloudWith(
      probe('secretsmanager', () => import('@aws-sdk/client-secrets-manager'), {
        GetSecretValue: {
          handle: (input) => {
            seen.push(input);
            return { Name: 'a', CreatedDate: new Date(1_700_000_000_123), SecretBinary: new Uint8Array([1, 2, 255]) };
          },
        },
        ListSecrets: {
          handle: (input) => {
            seen.push(input);
            return { SecretList: [{ Name: 'b', Tags: [{ Key: 'k', Value: 'v' }], Unknown: 1 }] };
          },
        },
      }),
    );
    const client = new SecretsManagerClient(clientOptions(cloud));
    const value = await client.send(new GetSecretValueCommand({ SecretId: 'a', VersionStage: 'AWSCURRENT' }));
    expect(value.CreatedDate).toEqual(new Date(1_700_000_000_123));
    expect([...(value.SecretBinary ?? [])]).toEqual([1, 2, 255]);
    expect(value.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
    const list = await client.send(
      new ListSecretsCommand({ Filters: [{ Key: 'name', Values: ['b'] }], MaxResults: 3 }),
    );
    expect(list.SecretList).toEqual([{ Name: 'b', Tags: [{ Key: 'k', Value: 'v' }] }]);
    expect(seen).toEqual([
      { SecretId: 'a', VersionStage: 'AWSCURRENT' },
      { Filters: [{ Key: 'name', Values: ['b'] }], MaxResults: 3 },
    ]);
  });

  test('give the query code of an error to clients that ask for it', async () => {
    cloud = await cloudWith(
      probe('sqs', () => import('@aws-sdk/client-sqs'), {
        GetQueueUrl: {
          handle: () => {
            throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
          },
        },
      }),
    );
    const client = new SQSClient(clientOptions(cloud));
    await expect(client.send(new GetQueueUrlCommand({ QueueName: 'q' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
      message: 'The specified queue does not exist.',
      Code: 'AWS.SimpleQueueService.NonExistentQueue',
    });
    const old = await post(
      cloud,
      'sqs',
      { 'content-type': 'application/x-www-form-urlencoded' },
      'Action=GetQueueUrl&QueueName=q&Version=2012-11-05',
    );
    expect(old.status).toBe(400);
    expect(await old.text()).toContain('<Code>AWS.SimpleQueueService.NonExistentQueue</Code>');
  });

  test('read metric queries with nested lists and dates', async () => {
    let seen: any;
    cloud = await cloudWith(
      probe('monitoring', () => import('@aws-sdk/client-cloudwatch'), {
        GetMetricData: {
          handle: (input) => {
            seen = input;
            return { MetricDataResults: [{ Id: 'm', Timestamps: [new Date(0)], Values: [1.5] }] };
          },
        },
      }),
    );
    const client = new CloudWatchClient(clientOptions(cloud));
    const answer = await client.send(
      new GetMetricDataCommand({
        StartTime: new Date(1000),
        EndTime: new Date(2000),
        MetricDataQueries: [{ Id: 'm', Expression: 'SUM(1)' }],
      }),
    );
    expect(seen.StartTime).toEqual(new Date(1000));
    expect(answer.MetricDataResults).toEqual([{ Id: 'm', Timestamps: [new Date(0)], Values: [1.5] }]);
  });
});

test('a request that the client compressed is read', async () => {
  let seen: any;
  cloud = await cloudWith(
    probe('monitoring', () => import('@aws-sdk/client-cloudwatch'), {
      PutMetricData: {
        handle: (input, call) => {
          seen = { count: input.MetricData.length, encoding: call.headers['content-encoding'] };
        },
      },
    }),
  );
  const MetricData = Array.from({ length: 500 }, (_, index) => ({
    MetricName: `metric-number-${index}`,
    Value: index,
  }));
  await new CloudWatchClient(clientOptions(cloud)).send(new PutMetricDataCommand({ Namespace: 'n', MetricData }));
  expect(seen).toEqual({ count: 500, encoding: 'gzip' });
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'content-encoding': 'gzip' };
  const target = { 'x-amz-target': 'GraniteServiceVersion20100801.PutMetricData' };
  const broken = await post(cloud, 'monitoring', { ...headers, ...target }, '{}');
  expect(await broken.text()).toContain('SerializationException');
});

describe('REST with JSON', () => {
  test('binds path, query, headers and a payload of bytes', async () => {
    let seen: any;
    cloud = await cloudWith(
      probe('lambda', () => import('@aws-sdk/client-lambda'), {
        Invoke: {
          handle: (input) => {
            seen = input;
            return {
              StatusCode: 202,
              FunctionError: 'Unhandled',
              ExecutedVersion: '$LATEST',
              Payload: Buffer.from('{"errorMessage":"x"}'),
            };
          },
        },
        ListFunctions: {
          handle: (input) => ({ Functions: [{ FunctionName: 'f' }], NextMarker: String(input.MaxItems) }),
        },
        TagResource: {
          handle: (input) => {
            seen = input;
          },
        },
      }),
    );
    const client = new LambdaClient(clientOptions(cloud));
    const name = 'arn:aws:lambda:us-east-1:000000000000:function:f';
    const answer = await client.send(
      new InvokeCommand({
        FunctionName: name,
        Qualifier: 'live',
        InvocationType: 'Event',
        Payload: Buffer.from('{"a":1}'),
      }),
    );
    expect(seen).toMatchObject({ FunctionName: name, Qualifier: 'live', InvocationType: 'Event' });
    expect(Buffer.from(seen.Payload).toString()).toBe('{"a":1}');
    expect(answer).toMatchObject({ StatusCode: 202, FunctionError: 'Unhandled', ExecutedVersion: '$LATEST' });
    expect(Buffer.from(answer.Payload ?? []).toString()).toBe('{"errorMessage":"x"}');
    const list = await client.send(new ListFunctionsCommand({ MaxItems: 7 }));
    expect(list).toMatchObject({ Functions: [{ FunctionName: 'f' }], NextMarker: '7' });
    await client.send(new TagResourceCommand({ Resource: name, Tags: { a: 'b' } }));
    expect(seen).toEqual({ Resource: name, Tags: { a: 'b' } });
  });

  test('names errors in the header and carries their members', async () => {
    cloud = await cloudWith(
      probe('lambda', () => import('@aws-sdk/client-lambda'), {
        Invoke: {
          handle: () => {
            throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', {
              httpStatus: 429,
              fields: { Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded', Type: 'User' },
            });
          },
        },
      }),
    );
    const client = new LambdaClient(clientOptions(cloud));
    await expect(client.send(new InvokeCommand({ FunctionName: 'f' }))).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      message: 'Rate Exceeded.',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      $metadata: { httpStatusCode: 429 },
    });
  });

  test('Bedrock is served over cleartext HTTP/2, with a model id that holds slashes and colons', async () => {
    let seen: any;
    cloud = await cloudWith(
      probe('bedrock', () => import('@aws-sdk/client-bedrock-runtime'), {
        Converse: {
          handle: (input) => {
            seen = input;
            return { output: { message: { role: 'assistant', content: [{ text: 'hi' }] } }, stopReason: 'end_turn' };
          },
        },
      }),
    );
    const client = new BedrockRuntimeClient(clientOptions(cloud));
    const modelId = 'arn:aws:bedrock:us-east-1:000000000000:inference-profile/us.example.model-v1:0';
    const answer = await client.send(
      new ConverseCommand({ modelId, messages: [{ role: 'user', content: [{ text: 'hello' }] }] }),
    );
    client.destroy();
    expect(seen).toEqual({ modelId, messages: [{ role: 'user', content: [{ text: 'hello' }] }] });
    expect(answer.output?.message?.content).toEqual([{ text: 'hi' }]);
  });
});

describe('the query protocol', () => {
  test('reads lists, maps and structures and answers XML that the client reads back', async () => {
    const seen: any[] = [];
    cloud = await cloudWith(
      probe('rds', () => import('@aws-sdk/client-rds'), {
        CreateDBInstance: {
          handle: (input) => {
            seen.push(input);
            return { DBInstance: { DBInstanceIdentifier: 'd', MultiAZ: false, AllocatedStorage: 20 } };
          },
        },
        DescribeDBInstances: {
          handle: (input) => {
            seen.push(input);
            const TagList = [{ Key: 'a<b', Value: '&"' }];
            return {
              DBInstances: [{ DBInstanceIdentifier: 'd', TagList, InstanceCreateTime: new Date(1000) }],
              Marker: 'm',
            };
          },
        },
      }),
      probe('sns', () => import('@aws-sdk/client-sns'), {
        Publish: {
          handle: (input) => {
            seen.push(input);
            return { MessageId: '1' };
          },
        },
      }),
    );
    const rds = new RDSClient(clientOptions(cloud));
    const created = {
      DBInstanceIdentifier: 'd',
      DBInstanceClass: 'c',
      Engine: 'postgres',
      Tags: [{ Key: 'k', Value: 'v' }],
    };
    await rds.send(
      new CreateDBInstanceCommand({ ...created, MultiAZ: true, AllocatedStorage: 5, VpcSecurityGroupIds: ['x', 'y'] }),
    );
    const filter = { Filters: [{ Name: 'engine', Values: ['postgres', 'mysql'] }] };
    const described = await rds.send(new DescribeDBInstancesCommand(filter));
    expect(described.DBInstances?.[0]).toMatchObject({
      DBInstanceIdentifier: 'd',
      TagList: [{ Key: 'a<b', Value: '&"' }],
      InstanceCreateTime: new Date(1000),
    });
    const MessageAttributes = { a: { DataType: 'String', StringValue: 'x' } };
    const sns = new SNSClient(clientOptions(cloud));
    await sns.send(new PublishCommand({ TopicArn: 't', Message: 'a=b&c', MessageAttributes }));
    expect(seen).toEqual([
      { ...created, MultiAZ: true, AllocatedStorage: 5, VpcSecurityGroupIds: ['x', 'y'] },
      filter,
      { TopicArn: 't', Message: 'a=b&c', MessageAttributes },
    ]);
  });

  test('answers errors by their query code and status', async () => {
    cloud = await cloudWith(
      probe('rds', () => import('@aws-sdk/client-rds'), {
        DescribeDBInstances: {
          handle: () => {
            throw new AwsError('DBInstanceNotFoundFault', 'DBInstance x not found.');
          },
        },
      }),
    );
    const rds = new RDSClient(clientOptions(cloud));
    await expect(rds.send(new DescribeDBInstancesCommand({}))).rejects.toMatchObject({
      name: 'DBInstanceNotFoundFault',
      message: 'DBInstance x not found.',
      $metadata: { httpStatusCode: 404 },
    });
  });
});

test('an operation sees the region of the credential scope and the caller as administrator', async () => {
  let call: Call | undefined;
  cloud = await cloudWith(
    probe('secretsmanager', () => import('@aws-sdk/client-secrets-manager'), {
      ListSecrets: {
        handle: (_input, given) => {
          call = given;
          return {};
        },
      },
    }),
  );
  await new SecretsManagerClient({ ...clientOptions(cloud), region: 'eu-west-1' }).send(new ListSecretsCommand({}));
  expect(call).toMatchObject({ region: 'eu-west-1', source: 'wire', principal: { kind: 'administrator' } });
});
