import { ManualClock } from '../../../../packages/laptop/clock.ts';
import { showDashboard } from '../../../../packages/laptop/console/dashboards.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import createCloudwatchService, {
  type CloudwatchService,
} from '../../../../packages/laptop/services/cloudwatch/service.ts';

const now = new Date('2026-05-01T12:00:00Z');
let cloud: RunningCloud;
let cloudwatch: CloudwatchService;

beforeEach(async () => {
  cloud = await createCloud({ log: () => {}, clock: new ManualClock(now), services: [createCloudwatchService] });
  cloudwatch = cloud.service<CloudwatchService>('monitoring');
});
afterEach(() => cloud.close());

const startedAt = new Date('2026-01-01T00:00:00Z');
const put = (widgets: object[], more: object = {}) =>
  cloudwatch.dashboards.set('ops', { body: JSON.stringify({ widgets, ...more }), modifiedAt: now });
const show = (rangeSeconds?: number) =>
  showDashboard(cloud, 'ops', { startedAt, ...(rangeSeconds && { rangeSeconds }) });
const datum = (value: number, secondsAgo: number) =>
  cloudwatch.putServiceMetric({
    namespace: 'App',
    metricName: 'Orders',
    dimensions: { service: 'shop' },
    value,
    unit: 'Count',
    timestamp: new Date(now.getTime() - secondsAgo * 1000),
  });
const metricWidget = (properties: object) => ({ type: 'metric', width: 6, height: 6, properties });

test('a dashboard that is not there is none', () => {
  expect(show()).toBeUndefined();
});

test('a graph has a point for each period with data, and none for the others', () => {
  datum(2, 5);
  datum(3, 8);
  datum(4, 125);
  put([metricWidget({ metrics: [['App', 'Orders', 'service', 'shop', { stat: 'Sum', label: 'orders' }]] })]);
  const graph = show(900)?.widgets[0];
  expect(graph).toMatchObject({
    type: 'metric',
    graph: { periodSeconds: 10, series: [{ label: 'orders', unit: 'Count', stat: 'Sum' }], notes: [] },
  });
  const points = graph?.type === 'metric' ? graph.graph.series[0]?.points : [];
  expect(points?.map(([at, value]) => [(now.getTime() - at) / 1000, value])).toEqual([
    [130, 4],
    [10, 5],
  ]);
});

test('longer ranges have longer periods, so that a graph has no more points than can be seen', () => {
  put([metricWidget({ metrics: [['App', 'Orders']] })]);
  const period = (seconds: number) => {
    const widget = show(seconds)?.widgets[0];
    return widget?.type === 'metric' ? widget.graph.periodSeconds : undefined;
  };
  expect([900, 3_600, 10_800, 43_200, 86_400, 604_800].map(period)).toEqual([10, 60, 60, 300, 900, 3_600]);
});

test('the range is what the dashboard says, where nobody chose one, but not longer than the laptop runs', () => {
  put([], { start: '-P1D' });
  const seconds = (dashboard: ReturnType<typeof show>) =>
    dashboard && (dashboard.range.end - dashboard.range.start) / 1000;
  expect(seconds(show())).toBe(86_400);
  expect(seconds(show(3_600))).toBe(3_600);
  expect(seconds(showDashboard(cloud, 'ops', { startedAt: new Date(now.getTime() - 60_000) }))).toBe(900);
});

test('what is not drawn is said', () => {
  put([
    metricWidget({ view: 'pie', metrics: [[{ expression: 'm1/m2' }], ['App', 'Orders', { id: 'm1' }]] }),
    { type: 'log', properties: { query: 'fields @message' } },
  ]);
  expect(show()?.widgets).toMatchObject([
    {
      graph: {
        series: [{ label: 'Orders' }],
        notes: ['1 metric math expression is not drawn here.', 'The view pie is drawn as a line.'],
      },
    },
    { type: 'unsupported', what: 'a widget of type log' },
  ]);
});

test('alarms are shown with their state; one that does not exist is named', async () => {
  cloudwatch.alarms.put(
    {
      AlarmName: 'loud',
      AlarmDescription: 'Orders stopped',
      Namespace: 'App',
      MetricName: 'Orders',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    },
    'us-east-1',
  );
  const arn = (name: string) => `arn:aws:cloudwatch:us-east-1:000000000000:alarm:${name}`;
  put([
    { type: 'alarm', properties: { title: 'Alarms', alarms: [arn('loud'), arn('gone')] } },
    metricWidget({ annotations: { alarms: [arn('loud')] } }),
  ]);
  expect(show()?.widgets).toMatchObject([
    {
      type: 'alarm',
      alarms: [{ name: 'loud', state: 'ALARM', description: 'Orders stopped' }],
      missing: [arn('gone')],
    },
    {
      type: 'metric',
      graph: { series: [{ label: 'Orders', stat: 'Sum' }], lines: [{ value: 1, label: 'alarm loud' }] },
    },
  ]);
});

test('a custom widget is handed on with its function and its parameters', () => {
  const endpoint = 'arn:aws:lambda:us-east-1:000000000000:function:list';
  put([
    {
      type: 'custom',
      x: 1,
      y: 2,
      width: 24,
      height: 9,
      properties: { endpoint, title: 'List', params: { page: 2 }, updateOn: { refresh: false } },
    },
  ]);
  expect(show()?.widgets).toEqual([
    {
      id: 'widget-0',
      x: 1,
      y: 2,
      width: 24,
      height: 9,
      title: 'List',
      type: 'custom',
      endpoint,
      params: { page: 2 },
      updateOnRefresh: false,
    },
  ]);
});
