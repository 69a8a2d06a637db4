import * as v from 'valibot';
import type { Alarm } from '../services/cloudwatch/alarm.ts';
import { type Statistic, statistic } from '../services/cloudwatch/metrics.ts';
import type { CloudwatchService } from '../services/cloudwatch/service.ts';
import { type GraphedMetric, readMetricArrays } from './metric-array.ts';

/** Milliseconds since 1970. */
export interface TimeRange {
  readonly start: number;
  readonly end: number;
}

export interface Series {
  readonly label: string;
  readonly color?: string;
  readonly unit: string;
  readonly stat: string;
  readonly axis: 'left' | 'right';
  /** Start of the period, and the value; periods without data are left out. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Graph {
  readonly view: 'timeSeries' | 'singleValue';
  readonly isStacked: boolean;
  readonly periodSeconds: number;
  readonly start: number;
  readonly end: number;
  readonly series: readonly Series[];
  readonly lines: readonly { readonly value: number; readonly label: string }[];
  /** What the graph asks for and the laptop does not draw. */
  readonly notes: readonly string[];
}

export const MetricProperties = v.object({
  view: v.optional(v.string(), 'timeSeries'),
  stacked: v.optional(v.boolean(), false),
  stat: v.optional(v.string(), 'Average'),
  metrics: v.optional(v.array(v.array(v.unknown())), []),
  annotations: v.optional(
    v.object({
      alarms: v.optional(v.array(v.string()), []),
      horizontal: v.optional(v.array(v.object({ value: v.number(), label: v.optional(v.string(), '') })), []),
    }),
    { alarms: [], horizontal: [] },
  ),
});
type MetricProperties = v.InferOutput<typeof MetricProperties>;

/** CloudWatch adapts periods to the range; finer ones than a minute make a laptop's short runs readable. */
const PERIODS_SECONDS = [10, 60, 300, 900, 3_600, 21_600, 86_400];
const MOST_POINTS = 180;
const STATISTICS = /^(Sum|Average|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d+)?)$/;

/** The data of a metric widget over a range. */
export function graphOf(cloudwatch: CloudwatchService, properties: MetricProperties, range: TimeRange): Graph {
  const seconds = (range.end - range.start) / 1_000;
  const periodSeconds = PERIODS_SECONDS.find((period) => seconds / period <= MOST_POINTS) ?? 86_400;
  const isKnown = ['timeSeries', 'singleValue'].includes(properties.view);
  const alarms = properties.annotations.alarms.flatMap(
    (arn) => [...cloudwatch.alarms.byName.values()].find((alarm) => alarm.arn === arn) ?? [],
  );
  const metrics = [...readMetricArrays(properties.metrics), ...alarms.map(metricOfAlarm)];
  const drawable = metrics.filter(({ options }) => options.expression === undefined && options.visible !== false);
  const expressions = metrics.length - metrics.filter(({ options }) => options.expression === undefined).length;
  return {
    view: properties.view === 'singleValue' ? 'singleValue' : 'timeSeries',
    isStacked: properties.stacked,
    periodSeconds,
    ...range,
    series: drawable.map((metric) => seriesOf(cloudwatch, metric, properties.stat, range, periodSeconds)),
    lines: [
      ...properties.annotations.horizontal,
      ...alarms.map(({ input }) => ({ value: input.Threshold ?? 0, label: `alarm ${input.AlarmName}` })),
    ],
    notes: [
      ...(expressions > 0
        ? [`${expressions} metric math expression${expressions === 1 ? ' is' : 's are'} not drawn here.`]
        : []),
      ...(isKnown ? [] : [`The view ${properties.view} is drawn as a line.`]),
    ],
  };
}

function metricOfAlarm({ input }: Alarm): GraphedMetric {
  return {
    namespace: input.Namespace ?? '',
    metricName: input.MetricName ?? '',
    dimensions: Object.fromEntries((input.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])),
    options: { stat: input.ExtendedStatistic ?? input.Statistic ?? 'Average' },
  };
}

function seriesOf(
  cloudwatch: CloudwatchService,
  { namespace, metricName, dimensions, options }: GraphedMetric,
  defaultStat: string,
  range: TimeRange,
  periodSeconds: number,
): Series {
  const stat = options.stat ?? defaultStat;
  const data = STATISTICS.test(stat) ? (cloudwatch.metrics.find(namespace, metricName, dimensions)?.data ?? []) : [];
  const period = periodSeconds * 1_000;
  const inRange = data.filter(({ timestamp }) => timestamp >= range.start - period && timestamp < range.end + period);
  const points: [number, number][] = [];
  for (let from = Math.floor(range.start / period) * period; from < range.end; from += period) {
    const value = statistic(inRange, stat as Statistic, from, from + period);
    if (value !== undefined) points.push([from, value]);
  }
  return {
    label: options.label ?? metricName,
    ...(options.color && /^#[0-9a-fA-F]{6}$/.test(options.color) && { color: options.color }),
    unit: data[0]?.unit ?? 'None',
    stat,
    axis: options.yAxis ?? 'left',
    points,
  };
}
