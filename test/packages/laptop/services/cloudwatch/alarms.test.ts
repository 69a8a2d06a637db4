import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  DisableAlarmActionsCommand,
  ListTagsForResourceCommand,
  PutMetricAlarmCommand,
  type PutMetricAlarmCommandInput,
  PutMetricDataCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateTopicCommand, SetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createCloudwatchService from '../../../../../packages/laptop/services/cloudwatch/service.ts';
import createEventsService from '../../../../../packages/laptop/services/events/service.ts';
import createLogsService from '../../../../../packages/laptop/services/logs/service.ts';
import createSnsService, { type SnsService } from '../../../../../packages/laptop/services/sns/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import { clientOptions } from '../../wire/probe.ts';
import { eventually } from '../eventually.ts';

const account = '000000000000';
const start = new Date('2026-01-01T00:00:00Z');
const topicArn = `arn:aws:sns:us-east-1:${account}:alarms`;
let cloud: RunningCloud;
let clock: ManualClock;
let cloudwatch: CloudWatchClient;
let sns: SNSClient;
let log: string[];
beforeEach(async () => {
  log = [];
  clock = new ManualClock(start);
  cloud = await createCloud({
    clock,
    settings: { eventsDuplicatedRate: 0 },
    services: [createCloudwatchService, createLogsService, createSnsService, createSqsService, createEventsService],
    log: (line) => log.push(line),
  });
  cloudwatch = new CloudWatchClient(clientOptions(cloud));
  sns = new SNSClient(clientOptions(cloud));
  await sns.send(new CreateTopicCommand({ Name: 'alarms' }));
});
afterEach(() => cloud.close());

const put = (Value: number, more: object = {}) =>
  cloudwatch.send(
    new PutMetricDataCommand({
      Namespace: 'app',
      MetricData: [{ MetricName: 'failures', Value, Unit: 'Count', ...more }],
    }),
  );

describe('alarms', () => {
  const alarm = (more: Partial<PutMetricAlarmCommandInput> = {}): PutMetricAlarmCommandInput => ({
    AlarmName: 'a',
    Namespace: 'app',
    MetricName: 'failures',
    Statistic: 'Sum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    AlarmActions: [topicArn],
    ...more,
  });
  const make = (more: Partial<PutMetricAlarmCommandInput> = {}) =>
    cloudwatch.send(new PutMetricAlarmCommand(alarm(more)));
  const found = async () => (await cloudwatch.send(new DescribeAlarmsCommand({}))).MetricAlarms?.[0];
  const state = async () => (await found())?.StateValue;
  const outbox = () => cloud.service<SnsService>('sns').outbox();

  test('ring their topic when the threshold is crossed, once, and calm down when it is over', async () => {
    await make({ OKActions: [topicArn], TreatMissingData: 'notBreaching' });
    expect(await state()).toBe('OK');
    await eventually(() => outbox().length === 1);
    await put(1);
    await put(1);
    expect(await state()).toBe('ALARM');
    await eventually(() => outbox().length === 2);
    expect(outbox()[1]?.subject).toBe('ALARM: "a" in us-east-1');
    expect(JSON.parse(outbox()[1]?.message ?? '')).toMatchObject({
      AlarmName: 'a',
      NewStateValue: 'ALARM',
      OldStateValue: 'OK',
      NewStateReason:
        'Threshold Crossed: 1 out of the last 1 datapoints [1.0 (31/12/25 23:59:00)] was greater than or equal to the threshold (1.0) (minimum 1 datapoint for OK -> ALARM transition).',
      StateChangeTime: '2026-01-01T00:00:00.000+0000',
      Trigger: { MetricName: 'failures', Namespace: 'app', Statistic: 'SUM', Period: 60, Threshold: 1 },
    });
    await clock.advance(120_000);
    expect(await state()).toBe('OK');
    await eventually(() => outbox().length === 3);
  });

  test('without data are undecided, or as missing data are to be taken', async () => {
    await make();
    expect(await state()).toBe('INSUFFICIENT_DATA');
    await make({ TreatMissingData: 'breaching' });
    expect(await state()).toBe('ALARM');
    await make({ TreatMissingData: 'ignore' });
    expect(await state()).toBe('ALARM');
    await make({ TreatMissingData: 'notBreaching' });
    expect(await state()).toBe('OK');
  });

  test('notice by themselves that data have stopped', async () => {
    const heartbeat = { ComparisonOperator: 'LessThanThreshold', TreatMissingData: 'breaching' } as const;
    await put(1);
    await make({ ...heartbeat, EvaluationPeriods: 2 });
    expect(await state()).toBe('OK');
    await clock.advance(60_000);
    expect(await state()).toBe('OK');
    await clock.advance(60_000);
    expect(await state()).toBe('ALARM');
    await eventually(() => outbox().length === 1);
  });

  test('want as many breaching periods as they say', async () => {
    await make({ EvaluationPeriods: 3, DatapointsToAlarm: 2, TreatMissingData: 'notBreaching' });
    await put(5);
    expect(await state()).toBe('OK');
    await clock.advance(60_000);
    await put(5);
    expect(await state()).toBe('ALARM');
  });

  test('see metrics that a log line carries', async () => {
    await make();
    const logs = new CloudWatchLogsClient(clientOptions(cloud));
    await logs.send(new CreateLogGroupCommand({ logGroupName: 'g' }));
    await logs.send(new CreateLogStreamCommand({ logGroupName: 'g', logStreamName: 's' }));
    const directive = { Namespace: 'app', Dimensions: [[]], Metrics: [{ Name: 'failures', Unit: 'Count' }] };
    const timestamp = start.getTime();
    const message = JSON.stringify({ _aws: { Timestamp: timestamp, CloudWatchMetrics: [directive] }, failures: 3 });
    await logs.send(
      new PutLogEventsCommand({ logGroupName: 'g', logStreamName: 's', logEvents: [{ timestamp, message }] }),
    );
    expect(await state()).toBe('ALARM');
    await eventually(() => outbox().length === 1);
  });

  test('are not heard where the topic’s own policy leaves them out, and say so', async () => {
    const Statement = [
      { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sns:Publish', Resource: topicArn },
    ];
    const AttributeValue = JSON.stringify({ Version: '2012-10-17', Statement });
    await sns.send(new SetTopicAttributesCommand({ TopicArn: topicArn, AttributeName: 'Policy', AttributeValue }));
    await make();
    await put(1);
    await eventually(() => log.some((line) => line.includes('alarm a could not act')));
    expect(outbox()).toEqual([]);
    const history = await cloudwatch.send(
      new DescribeAlarmHistoryCommand({ AlarmName: 'a', HistoryItemType: 'Action' }),
    );
    expect(history.AlarmHistoryItems?.[0]?.HistorySummary).toContain(`Failed to execute action ${topicArn}`);
  });

  test('tell EventBridge of every change', async () => {
    const sqs = new SQSClient(clientOptions(cloud));
    const events = new EventBridgeClient(clientOptions(cloud));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
    const Statement = [
      { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage', Resource: '*' },
    ];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    await events.send(new PutRuleCommand({ Name: 'r', EventPattern: '{"source":["aws.cloudwatch"]}' }));
    const Targets = [{ Id: 'q', Arn: `arn:aws:sqs:us-east-1:${account}:q` }];
    await events.send(new PutTargetsCommand({ Rule: 'r', Targets }));
    await make();
    await put(1);
    const receive = async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages ?? [];
    const [message] = await eventually(receive, (messages) => messages.length > 0);
    expect(JSON.parse(message?.Body ?? '')).toMatchObject({
      'detail-type': 'CloudWatch Alarm State Change',
      resources: [`arn:aws:cloudwatch:us-east-1:${account}:alarm:a`],
      detail: {
        alarmName: 'a',
        state: { value: 'ALARM' },
        previousState: { value: 'INSUFFICIENT_DATA' },
        configuration: { metrics: [{ metricStat: { metric: { namespace: 'app', name: 'failures' } } }] },
      },
    });
  });

  test('are set by hand, switched off, and deleted', async () => {
    await make({ Tags: [{ Key: 'team', Value: 'core' }] });
    const set = (AlarmName: string) =>
      cloudwatch.send(new SetAlarmStateCommand({ AlarmName, StateValue: 'ALARM', StateReason: 'drill' }));
    await cloudwatch.send(new DisableAlarmActionsCommand({ AlarmNames: ['a'] }));
    await set('a');
    expect(await found()).toMatchObject({ StateValue: 'ALARM', StateReason: 'drill', ActionsEnabled: false });
    expect(outbox()).toEqual([]);
    const { Tags } = await cloudwatch.send(new ListTagsForResourceCommand({ ResourceARN: (await found())?.AlarmArn }));
    expect(Tags).toEqual([{ Key: 'team', Value: 'core' }]);
    await expect(set('none')).rejects.toMatchObject({ name: 'ResourceNotFound' });
    await expect(cloudwatch.send(new DeleteAlarmsCommand({ AlarmNames: ['a', 'none'] }))).rejects.toMatchObject({
      name: 'ResourceNotFound',
    });
    expect(await found()).toBeUndefined();
  });

  test('keep their state when they are changed', async () => {
    await make();
    await put(5);
    expect(await state()).toBe('ALARM');
    await make({ Threshold: 2 });
    expect(await state()).toBe('ALARM');
    const { AlarmHistoryItems } = await cloudwatch.send(
      new DescribeAlarmHistoryCommand({ AlarmName: 'a', HistoryItemType: 'StateUpdate' }),
    );
    expect(AlarmHistoryItems?.map(({ HistorySummary }) => HistorySummary)).toEqual([
      'Alarm updated from INSUFFICIENT_DATA to ALARM',
    ]);
  });

  test('are listed by prefix and state, in pages', async () => {
    for (const AlarmName of ['x1', 'x2', 'x3', 'y']) await make({ AlarmName });
    const list = (input: object) => cloudwatch.send(new DescribeAlarmsCommand(input));
    const first = await list({ AlarmNamePrefix: 'x', MaxRecords: 2 });
    const second = await list({ AlarmNamePrefix: 'x', MaxRecords: 2, NextToken: first.NextToken });
    const names = [first, second].map(({ MetricAlarms }) => MetricAlarms?.map(({ AlarmName }) => AlarmName));
    expect(names).toEqual([['x1', 'x2'], ['x3']]);
    expect((await list({ StateValue: 'OK' })).MetricAlarms).toEqual([]);
    await expect(list({ AlarmNamePrefix: 'x', AlarmNames: ['y'] })).rejects.toMatchObject({
      name: 'InvalidParameterCombinationException',
    });
  });

  test.each<[string, Partial<PutMetricAlarmCommandInput>, string]>([
    ['no threshold', { Threshold: undefined }, 'The parameter Threshold is required.'],
    ['no statistic', { Statistic: undefined }, 'Statistic or ExtendedStatistic'],
    ['two statistics', { ExtendedStatistic: 'p99' }, 'mutually exclusive'],
    ['more datapoints than periods', { DatapointsToAlarm: 2 }, 'DatapointsToAlarm must be less than or equal to'],
    ['a period of 45 seconds', { Period: 45 }, 'must be a multiple of 60'],
    ['an action that is none', { AlarmActions: ['mail'] }, 'Invalid arn syntax: mail'],
    ['metric math, which the laptop lacks', { Metrics: [{ Id: 'e', Expression: 'm1+1' }] }, 'not metric math'],
  ])('are refused with %s', async (_case, more, message) => {
    await expect(make(more)).rejects.toThrow(message);
  });
});
