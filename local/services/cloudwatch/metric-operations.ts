import { AwsError, type Operation } from '../../service.ts';
import { type Metric, type MetricStore, type Statistic, statistic } from './metrics.ts';
import type { ServiceMetric } from './service.ts';

interface Dimension {
  Name: string;
  Value?: string;
}

interface MetricStat {
  Metric: { Namespace: string; MetricName: string; Dimensions?: Dimension[] };
  Period: number;
  Stat: Statistic;
}

/** PutMetricData, ListMetrics, GetMetricData and GetMetricStatistics. */
export function metricOperations(
  metrics: MetricStore,
  put: (metric: ServiceMetric) => void,
): Record<string, Operation> {
  const access = (action: string) => () => [{ action: `cloudwatch:${action}`, resource: '*' }];
  return {
    PutMetricData: {
      access: (input: { Namespace: string }) => [
        { action: 'cloudwatch:PutMetricData', resource: '*', context: { 'cloudwatch:namespace': input.Namespace } },
      ],
      handle: (input: {
        Namespace: string;
        MetricData?: {
          MetricName: string;
          Dimensions?: Dimension[];
          Value?: number;
          Values?: number[];
          Unit?: string;
          Timestamp?: Date;
        }[];
      }) => {
        for (const datum of input.MetricData ?? []) {
          for (const value of datum.Values ?? [datum.Value ?? 0]) {
            put({
              namespace: input.Namespace,
              metricName: datum.MetricName,
              dimensions: dimensionsOf(datum.Dimensions),
              value,
              unit: datum.Unit ?? 'None',
              timestamp: datum.Timestamp,
            });
          }
        }
        return {};
      },
    },
    ListMetrics: {
      access: access('ListMetrics'),
      handle: (input: { Namespace?: string; MetricName?: string; Dimensions?: Dimension[] }) => ({
        Metrics: metrics
          .all()
          .filter((metric) => matches(metric, input))
          .map((metric) => ({
            Namespace: metric.namespace,
            MetricName: metric.metricName,
            Dimensions: Object.entries(metric.dimensions).map(([Name, Value]) => ({ Name, Value })),
          })),
      }),
    },
    GetMetricStatistics: {
      access: access('GetMetricStatistics'),
      handle: (input: {
        Namespace: string;
        MetricName: string;
        Dimensions?: Dimension[];
        StartTime: Date;
        EndTime: Date;
        Period: number;
        Statistics?: Statistic[];
      }) => {
        const data = metrics.find(input.Namespace, input.MetricName, dimensionsOf(input.Dimensions))?.data ?? [];
        const points = periodsOf(input.StartTime, input.EndTime, input.Period).flatMap(([start, end]) => {
          const values = (input.Statistics ?? []).map((name) => [name, statistic(data, name, start, end)] as const);
          return values.some(([, value]) => value !== undefined)
            ? [{ Timestamp: new Date(start), Unit: data[0]?.unit, ...Object.fromEntries(values) }]
            : [];
        });
        return { Label: input.MetricName, Datapoints: points };
      },
    },
    GetMetricData: {
      access: access('GetMetricData'),
      handle: (input: {
        MetricDataQueries: {
          Id: string;
          MetricStat?: MetricStat;
          Expression?: string;
          Label?: string;
          ReturnData?: boolean;
        }[];
        StartTime: Date;
        EndTime: Date;
      }) => ({
        MetricDataResults: input.MetricDataQueries.filter((query) => query.ReturnData !== false).map((query) => {
          if (!query.MetricStat)
            throw new AwsError('ValidationError', `Metric math (${query.Expression}) is not supported on the laptop.`);
          return {
            Id: query.Id,
            Label: query.Label ?? query.MetricStat.Metric.MetricName,
            StatusCode: 'Complete',
            ...series(metrics, query.MetricStat, input.StartTime, input.EndTime),
          };
        }),
      }),
    },
  };
}

function series(
  metrics: MetricStore,
  stat: MetricStat,
  start: Date,
  end: Date,
): { Timestamps: Date[]; Values: number[] } {
  const { Namespace, MetricName, Dimensions } = stat.Metric;
  const data = metrics.find(Namespace, MetricName, dimensionsOf(Dimensions))?.data ?? [];
  const points = periodsOf(start, end, stat.Period).map(
    ([from, to]) => [from, statistic(data, stat.Stat, from, to)] as const,
  );
  const present = points.filter(([, value]) => value !== undefined).reverse();
  return { Timestamps: present.map(([at]) => new Date(at)), Values: present.map(([, value]) => value as number) };
}

function periodsOf(start: Date, end: Date, seconds: number): [number, number][] {
  const period = seconds * 1000;
  const periods: [number, number][] = [];
  for (let from = Math.floor(start.getTime() / period) * period; from < end.getTime(); from += period)
    periods.push([from, from + period]);
  if (periods.length > 100_800)
    throw new AwsError(
      'InvalidParameterCombination',
      'You have requested more than 100,800 datapoints. Ask for a longer period.',
    );
  return periods;
}

function matches(
  metric: Metric,
  input: { Namespace?: string; MetricName?: string; Dimensions?: Dimension[] },
): boolean {
  if (input.Namespace && metric.namespace !== input.Namespace) return false;
  if (input.MetricName && metric.metricName !== input.MetricName) return false;
  return (input.Dimensions ?? []).every(
    ({ Name, Value }) => Name in metric.dimensions && (Value === undefined || metric.dimensions[Name] === Value),
  );
}

function dimensionsOf(dimensions: Dimension[] | undefined): Record<string, string> {
  return Object.fromEntries((dimensions ?? []).map(({ Name, Value }) => [Name, Value ?? '']));
}
