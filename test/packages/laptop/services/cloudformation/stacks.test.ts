import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudFormationClient,
  DescribeStackResourceCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  ListExportsCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { App, CfnOutput, CfnParameter, Stack } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { loadAssembly } from '../../../../../packages/laptop/assembly/load-assembly.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createCloudFormationService from '../../../../../packages/laptop/services/cloudformation/service.ts';
import createSnsService from '../../../../../packages/laptop/services/sns/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import createSsmService from '../../../../../packages/laptop/services/ssm/service.ts';
import { clientOptions } from '../../wire/probe.ts';

let directory: string;
let cloud: RunningCloud;
let cloudformation: CloudFormationClient;
const env = { account: '000000000000', region: 'us-east-1' };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'stacks-'));
  const app = new App({ outdir: directory, analyticsReporting: false });
  const base = new Stack(app, 'Base', { env, description: 'What others use', tags: { team: 'red' } });
  const queue = new Queue(base, 'Queue', { queueName: 'q' });
  const parameter = new CfnParameter(base, 'Colour', { default: 'blue' });
  new CfnOutput(base, 'QueueUrl', { value: queue.queueUrl, description: 'Where to send' });
  new CfnOutput(base, 'Paint', { value: parameter.valueAsString, exportName: 'paint' });
  const service = new Stack(app, 'Service', { env });
  new Topic(service, 'Topic', { topicName: 't' }).addSubscription(new SqsSubscription(queue));
  app.synth();
  cloud = await createCloud({
    services: [createCloudFormationService, createSnsService, createSqsService, createSsmService],
    log: () => {},
  });
  await loadAssembly(directory, cloud, { parameters: { Colour: 'green' } });
  cloudformation = new CloudFormationClient(clientOptions(cloud));
});
afterAll(async () => {
  await cloud.close();
  rmSync(directory, { recursive: true, force: true });
});

const describeStack = async (StackName: string) =>
  (await cloudformation.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];

describe('a stack of the assembly', () => {
  test('is described with its outputs, parameters and tags, by name and by id', async () => {
    const stack = await describeStack('Base');
    expect(stack).toMatchObject({
      StackId: expect.stringMatching(/^arn:aws:cloudformation:us-east-1:000000000000:stack\/Base\/[0-9a-f-]{36}$/),
      StackName: 'Base',
      Description: 'What others use',
      StackStatus: 'CREATE_COMPLETE',
      CreationTime: expect.any(Date),
      Tags: [{ Key: 'team', Value: 'red' }],
    });
    expect(stack?.Parameters).toContainEqual({ ParameterKey: 'Colour', ParameterValue: 'green' });
    expect(stack?.Outputs).toEqual(
      expect.arrayContaining([
        { OutputKey: 'QueueUrl', OutputValue: `${cloud.endpointUrl}/000000000000/q`, Description: 'Where to send' },
        { OutputKey: 'Paint', OutputValue: 'green', ExportName: 'paint' },
      ]),
    );
    expect((await describeStack(String(stack?.StackId)))?.StackName).toBe('Base');
  });

  test('has resources with the ids that the laptop gave them', async () => {
    const { StackResourceSummaries } = await cloudformation.send(
      new ListStackResourcesCommand({ StackName: 'Service' }),
    );
    expect(StackResourceSummaries).toContainEqual(
      expect.objectContaining({
        LogicalResourceId: expect.stringMatching(/^Topic/),
        PhysicalResourceId: 'arn:aws:sns:us-east-1:000000000000:t',
        ResourceType: 'AWS::SNS::Topic',
        ResourceStatus: 'CREATE_COMPLETE',
      }),
    );
  });

  test('is found by what it made', async () => {
    const PhysicalResourceId = 'arn:aws:sns:us-east-1:000000000000:t';
    const { StackResources } = await cloudformation.send(new DescribeStackResourcesCommand({ PhysicalResourceId }));
    const topic = StackResources?.find((resource) => resource.PhysicalResourceId === PhysicalResourceId);
    expect(topic).toMatchObject({ StackName: 'Service', ResourceType: 'AWS::SNS::Topic' });
    const { StackResourceDetail } = await cloudformation.send(
      new DescribeStackResourceCommand({ StackName: 'Service', LogicalResourceId: topic?.LogicalResourceId }),
    );
    expect(StackResourceDetail).toMatchObject({ PhysicalResourceId, LastUpdatedTimestamp: expect.any(Date) });
  });

  test('gives its template', async () => {
    const { TemplateBody } = await cloudformation.send(new GetTemplateCommand({ StackName: 'Base' }));
    expect(JSON.parse(String(TemplateBody)).Parameters.Colour).toEqual({ Type: 'String', Default: 'blue' });
  });
});

test('stacks are listed, the newest first, and exports with the stack they come from', async () => {
  const { StackSummaries } = await cloudformation.send(new ListStacksCommand({}));
  // The subscription is in the queue's stack, which so depends on the topic's.
  expect(StackSummaries?.map(({ StackName }) => StackName)).toEqual(['Base', 'Service']);
  const failed = await cloudformation.send(new ListStacksCommand({ StackStatusFilter: ['CREATE_FAILED'] }));
  expect(failed.StackSummaries).toEqual([]);
  const { Exports } = await cloudformation.send(new ListExportsCommand({}));
  expect(Exports).toContainEqual({
    ExportingStackId: (await describeStack('Base'))?.StackId,
    Name: 'paint',
    Value: 'green',
  });
});

test('what is not there is ValidationError, in CloudFormation’s words', async () => {
  const refusal = (message: string) => ({ name: 'ValidationError', message });
  await expect(describeStack('Nothing')).rejects.toMatchObject(refusal('Stack with id Nothing does not exist'));
  await expect(
    cloudformation.send(new DescribeStackResourcesCommand({ PhysicalResourceId: 'x' })),
  ).rejects.toMatchObject(refusal('Stack for x does not exist'));
  await expect(
    cloudformation.send(new DescribeStackResourceCommand({ StackName: 'Base', LogicalResourceId: 'X' })),
  ).rejects.toMatchObject(refusal('Resource X does not exist for stack Base'));
  const elsewhere = new CloudFormationClient({ ...clientOptions(cloud), region: 'eu-west-1' });
  expect((await elsewhere.send(new DescribeStacksCommand({}))).Stacks).toEqual([]);
});

test('a role reads the stacks that it may', async () => {
  const iam = new IAMClient(clientOptions(cloud));
  const document = (Statement: object) => JSON.stringify({ Version: '2012-10-17', Statement });
  const trust = { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' };
  await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: document(trust) }));
  const Resource = 'arn:aws:cloudformation:us-east-1:000000000000:stack/Base/*';
  const PolicyDocument = document({ Effect: 'Allow', Action: 'cloudformation:DescribeStacks', Resource });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'p', PolicyDocument }));
  const credentials = cloud.assumeRole('arn:aws:iam::000000000000:role/r', 's');
  const client = new CloudFormationClient({ ...clientOptions(cloud), credentials });
  await client.send(new DescribeStacksCommand({ StackName: 'Base' }));
  await expect(client.send(new DescribeStacksCommand({ StackName: 'Service' }))).rejects.toMatchObject({
    message: expect.stringContaining('is not authorized to perform: cloudformation:DescribeStacks'),
  });
});
