import { CloudWatchClient, DescribeAlarmsCommand, PutMetricAlarmCommand } from '@aws-sdk/client-cloudwatch';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, expect, test } from '@jest/globals';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createCloudwatchService from '../../../../../packages/laptop/services/cloudwatch/service.ts';
import createLambdaService from '../../../../../packages/laptop/services/lambda/service.ts';
import createLogsService from '../../../../../packages/laptop/services/logs/service.ts';
import createSnsService from '../../../../../packages/laptop/services/sns/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import { clientOptions } from '../../wire/probe.ts';
import { eventually } from '../eventually.ts';
import { invoke, make, startLaptop } from '../lambda/laptop.ts';

let cloud: RunningCloud;
afterEach(() => cloud.close());

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const code = `exports.handler = async ({ failures }) => {
  const Metrics = [{ Name: 'Failures', Unit: 'Count' }];
  const CloudWatchMetrics = [{ Namespace: 'App', Dimensions: [['Service']], Metrics }];
  console.log(JSON.stringify({ _aws: { Timestamp: Date.now(), CloudWatchMetrics }, Service: 'orders', Failures: failures }));
};`;

test('a line that a function writes becomes a metric, the metric an alarm, the alarm a message in a queue', async () => {
  const services = [
    createLogsService,
    createLambdaService,
    createCloudwatchService,
    createSnsService,
    createSqsService,
  ];
  cloud = await startLaptop({ services });
  const cloudwatch = new CloudWatchClient(clientOptions(cloud));
  const sns = new SNSClient(clientOptions(cloud));
  const sqs = new SQSClient(clientOptions(cloud));
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 'on-call' }));
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'on-call' }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const letIn = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: Attributes?.QueueArn,
    Condition: { ArnEquals: { 'aws:SourceArn': TopicArn } },
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [letIn] });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await sns.send(new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: Attributes?.QueueArn }));
  await cloudwatch.send(
    new PutMetricAlarmCommand({
      AlarmName: 'failures',
      Namespace: 'App',
      MetricName: 'Failures',
      Dimensions: [{ Name: 'Service', Value: 'orders' }],
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 3,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
      AlarmActions: [TopicArn as string],
    }),
  );
  const state = async () =>
    (await cloudwatch.send(new DescribeAlarmsCommand({ AlarmNames: ['failures'] }))).MetricAlarms?.[0]?.StateValue;
  await make(cloud, code);
  await invoke(cloud, { failures: 2 });
  await eventually(state, (value) => value === 'OK');
  await invoke(cloud, { failures: 3 });
  await eventually(state, (value) => value === 'ALARM');
  const message = await eventually(
    async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }))).Messages?.[0],
  );
  const notification = JSON.parse(JSON.parse(String(message.Body)).Message);
  expect(notification).toMatchObject({
    AlarmName: 'failures',
    NewStateValue: 'ALARM',
    Trigger: { Namespace: 'App', MetricName: 'Failures', Threshold: 3 },
  });
});
