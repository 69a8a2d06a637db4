import {
  CloudWatchClient,
  DeleteDashboardsCommand,
  GetDashboardCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListDashboardsCommand,
  ListMetricsCommand,
  PutDashboardCommand,
  PutMetricDataCommand,
  type PutMetricDataCommandInput,
} from '@aws-sdk/client-cloudwatch';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createCloudwatchService from '../../../../../packages/laptop/services/cloudwatch/service.ts';
import { clientOptions } from '../../wire/probe.ts';

const start = new Date('2026-01-01T00:00:00Z');
let cloud: RunningCloud;
let clock: ManualClock;
let cloudwatch: CloudWatchClient;
beforeEach(async () => {
  clock = new ManualClock(start);
  cloud = await createCloud({ clock, services: [createCloudwatchService], log: () => {} });
  cloudwatch = new CloudWatchClient(clientOptions(cloud));
});
afterEach(() => cloud.close());

const at = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const put = (Value: number, more: object = {}) =>
  cloudwatch.send(
    new PutMetricDataCommand({
      Namespace: 'app',
      MetricData: [{ MetricName: 'failures', Value, Unit: 'Count', ...more }],
    }),
  );
const statistics = (more: object = {}) =>
  cloudwatch.send(
    new GetMetricStatisticsCommand({
      Namespace: 'app',
      MetricName: 'failures',
      StartTime: start,
      EndTime: at(3600),
      Period: 60,
      Statistics: ['Sum', 'Average', 'Minimum', 'Maximum', 'SampleCount'],
      ...more,
    }),
  );

describe('metrics', () => {
  test('are put and read as statistics over periods', async () => {
    for (const value of [1, 2, 6]) await put(value, { Timestamp: at(30) });
    await put(10, { Timestamp: at(90) });
    const { Label, Datapoints } = await statistics();
    expect(Label).toBe('failures');
    expect(Datapoints).toEqual([
      { Timestamp: at(0), Unit: 'Count', Sum: 9, Average: 3, Minimum: 1, Maximum: 6, SampleCount: 3 },
      { Timestamp: at(60), Unit: 'Count', Sum: 10, Average: 10, Minimum: 10, Maximum: 10, SampleCount: 1 },
    ]);
  });

  test('may be put as values with counts, and as statistics of a set', async () => {
    await put(0, { Value: undefined, Values: [1, 5], Counts: [3, 1], Timestamp: at(0) });
    const set = { SampleCount: 4, Sum: 40, Minimum: 1, Maximum: 30 };
    await put(0, { Value: undefined, StatisticValues: set, Timestamp: at(60) });
    expect((await statistics()).Datapoints).toEqual([
      expect.objectContaining({ Sum: 8, SampleCount: 4, Maximum: 5 }),
      expect.objectContaining({ Sum: 40, SampleCount: 4, Average: 10, Minimum: 1, Maximum: 30 }),
    ]);
  });

  test('have percentiles', async () => {
    for (let value = 1; value <= 100; value++) await put(value, { Timestamp: at(0) });
    const { Datapoints } = await statistics({ Statistics: undefined, ExtendedStatistics: ['p50', 'p99'] });
    expect(Datapoints?.[0]?.ExtendedStatistics).toEqual({ p50: 51, p99: 100 });
  });

  test('are told apart by their dimensions, and listed', async () => {
    await put(1, { Dimensions: [{ Name: 'service', Value: 'chat' }] });
    await put(2);
    const list = (input: object) => cloudwatch.send(new ListMetricsCommand(input));
    expect((await list({ Namespace: 'app' })).Metrics).toHaveLength(2);
    expect((await list({ Dimensions: [{ Name: 'service' }] })).Metrics).toEqual([
      { Namespace: 'app', MetricName: 'failures', Dimensions: [{ Name: 'service', Value: 'chat' }] },
    ]);
  });

  test('are read by queries, newest first unless asked otherwise', async () => {
    await put(1, { Timestamp: at(0) });
    await put(2, { Timestamp: at(60) });
    const query = (ScanBy?: 'TimestampAscending') =>
      cloudwatch.send(
        new GetMetricDataCommand({
          StartTime: start,
          EndTime: at(3600),
          ...(ScanBy && { ScanBy }),
          MetricDataQueries: [
            { Id: 'm1', MetricStat: { Metric: { Namespace: 'app', MetricName: 'failures' }, Period: 60, Stat: 'Sum' } },
          ],
        }),
      );
    expect((await query()).MetricDataResults?.[0]).toMatchObject({
      Id: 'm1',
      Label: 'failures',
      StatusCode: 'Complete',
      Values: [2, 1],
    });
    expect((await query('TimestampAscending')).MetricDataResults?.[0]?.Values).toEqual([1, 2]);
  });

  const data =
    (MetricData: PutMetricDataCommandInput['MetricData'], Namespace = 'app') =>
    () =>
      cloudwatch.send(new PutMetricDataCommand({ Namespace, MetricData }));
  test.each<[string, () => Promise<unknown>, string, string]>([
    [
      'a namespace of AWS’s',
      data([{ MetricName: 'm', Value: 1 }], 'AWS/Lambda'),
      'InvalidParameterValueException',
      'The value AWS/Lambda for parameter Namespace is invalid.',
    ],
    ['no data', data([]), 'MissingRequiredParameterException', 'The parameter MetricData is required.'],
    [
      'a datum without a value',
      data([{ MetricName: 'm' }]),
      'MissingRequiredParameterException',
      'MetricData.member.1.Value',
    ],
    [
      'two kinds of value',
      data([{ MetricName: 'm', Value: 1, Values: [1] }]),
      'InvalidParameterCombinationException',
      'mutually exclusive',
    ],
    [
      'a time of last month',
      data([{ MetricName: 'm', Value: 1, Timestamp: at(-40 * 86_400) }]),
      'InvalidParameterValueException',
      'past two weeks',
    ],
    [
      'a period of 45 seconds',
      () => statistics({ Period: 45 }),
      'InvalidParameterValueException',
      'The parameter Period must be a multiple of 60.',
    ],
    [
      'a time that runs backwards',
      () => statistics({ EndTime: at(-1) }),
      'InvalidParameterValueException',
      'StartTime must be less than',
    ],
    [
      'no statistic',
      () => statistics({ Statistics: [] }),
      'InvalidParameterCombinationException',
      'At least one of the parameters Statistics and ExtendedStatistics',
    ],
    [
      'too many points',
      () => statistics({ Period: 1 }),
      'InvalidParameterCombinationException',
      'exceeds the limit of 1,440',
    ],
  ])('refuse %s', async (_case, ask, name, message) => {
    await expect(ask()).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });
});

test('dashboards are kept, listed and deleted, all or none', async () => {
  const save = (DashboardName: string, DashboardBody = '{"widgets":[]}') =>
    cloudwatch.send(new PutDashboardCommand({ DashboardName, DashboardBody }));
  await save('d');
  expect((await cloudwatch.send(new GetDashboardCommand({ DashboardName: 'd' }))).DashboardBody).toBe('{"widgets":[]}');
  expect((await cloudwatch.send(new ListDashboardsCommand({}))).DashboardEntries).toEqual([
    expect.objectContaining({ DashboardName: 'd', Size: 14 }),
  ]);
  await expect(save('d', 'no')).rejects.toThrow('The field DashboardBody must be a valid JSON object.');
  await expect(save('a b')).rejects.toThrow('contains invalid characters');
  const missing = { message: 'Dashboard x does not exist', $metadata: { httpStatusCode: 404 } };
  await expect(cloudwatch.send(new GetDashboardCommand({ DashboardName: 'x' }))).rejects.toMatchObject(missing);
  await expect(cloudwatch.send(new DeleteDashboardsCommand({ DashboardNames: ['d', 'x'] }))).rejects.toMatchObject(
    missing,
  );
  await cloudwatch.send(new DeleteDashboardsCommand({ DashboardNames: ['d'] }));
  expect((await cloudwatch.send(new ListDashboardsCommand({}))).DashboardEntries).toEqual([]);
});
