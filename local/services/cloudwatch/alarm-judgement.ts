import type { Alarm, AlarmInput, AlarmState } from './alarms.ts';
import { type MetricStore, type Statistic, statistic } from './metrics.ts';

export const comparisons: Readonly<Record<string, (value: number, threshold: number) => boolean>> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

const words: Readonly<Record<string, string>> = {
  GreaterThanOrEqualToThreshold: 'greater than or equal to',
  GreaterThanThreshold: 'greater than',
  LessThanThreshold: 'less than',
  LessThanOrEqualToThreshold: 'less than or equal to',
};

export interface Verdict {
  readonly state: AlarmState;
  readonly reason: string;
  /** Whether time alone may change it. */
  readonly mayChange: boolean;
}

/** Periods end now, so that a datum counts at once. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html */
export function judge(alarm: Alarm, metrics: MetricStore, now: Date): Verdict {
  const { input } = alarm;
  const periods = input.EvaluationPeriods ?? 1;
  const needed = input.DatapointsToAlarm ?? periods;
  const points = pointsOf(input, metrics, now, periods);
  const breaches = comparisons[input.ComparisonOperator ?? ''] as (value: number, threshold: number) => boolean;
  const present = points.filter((point) => point !== undefined);
  const treat = input.TreatMissingData ?? 'missing';
  const threshold = input.Threshold ?? 0;
  const breaching = points.filter((point) =>
    point === undefined ? treat === 'breaching' : breaches(point, threshold),
  ).length;
  const mayChange = present.length > 0 || treat === 'breaching';
  if (present.length === 0 && treat === 'missing') {
    const missing = `${periods} datapoint${periods === 1 ? ' was' : 's were'} unknown.`;
    return { state: 'INSUFFICIENT_DATA', reason: `Insufficient Data: ${missing}`, mayChange };
  }
  if (present.length === 0 && treat === 'ignore') return { state: alarm.state, reason: alarm.reason, mayChange };
  return { ...describe(input, { breaching, needed, threshold, present }), mayChange };
}

function describe(
  input: AlarmInput,
  found: { breaching: number; needed: number; threshold: number; present: readonly number[] },
): { state: AlarmState; reason: string } {
  const { breaching, needed, threshold, present } = found;
  const operator = words[input.ComparisonOperator ?? ''];
  const bound = `${operator} the threshold (${threshold.toFixed(1)})`;
  if (breaching >= needed) {
    const many = breaching === 1 ? 'datapoint' : 'datapoints';
    const list = present.length > 0 ? ` [${present.join(', ')}]` : '';
    return {
      state: 'ALARM',
      reason: `Threshold Crossed: ${breaching} ${many}${list} ${breaching === 1 ? 'was' : 'were'} ${bound}.`,
    };
  }
  if (present.length === 0) {
    return {
      state: 'OK',
      reason: `Threshold Crossed: no datapoints were received and missing data are not breaching.`,
    };
  }
  return {
    state: 'OK',
    reason: `Threshold Crossed: ${present.length} datapoint${present.length === 1 ? '' : 's'} [${present.join(', ')}], fewer than ${needed} of them ${bound}.`,
  };
}

function pointsOf(input: AlarmInput, metrics: MetricStore, now: Date, periods: number): (number | undefined)[] {
  const period = (input.Period ?? 60) * 1000;
  const end = now.getTime() + 1;
  const dimensions = Object.fromEntries((input.Dimensions ?? []).map(({ Name, Value }) => [Name, Value]));
  const all = metrics.find(String(input.Namespace), String(input.MetricName), dimensions)?.data ?? [];
  const data = input.Unit === undefined ? all : all.filter(({ unit }) => unit === input.Unit);
  const name = (input.ExtendedStatistic ?? input.Statistic ?? 'Average') as Statistic;
  return Array.from({ length: periods }, (_, index) =>
    statistic(data, name, end - (index + 1) * period, end - index * period),
  );
}
