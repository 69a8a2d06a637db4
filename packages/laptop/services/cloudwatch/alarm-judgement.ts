import type { Alarm, AlarmInput, AlarmState } from './alarm.ts';
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

interface Point {
  readonly start: Date;
  /** Undefined when there are no data in the period. */
  readonly value: number | undefined;
}

/** Periods end now, so that a datum counts at once. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html */
export function judge(alarm: Alarm, metrics: MetricStore, now: Date): Verdict {
  const { input } = alarm;
  const periods = input.EvaluationPeriods ?? 1;
  const needed = input.DatapointsToAlarm ?? periods;
  const points = pointsOf(input, metrics, now, periods);
  const breaches = comparisons[input.ComparisonOperator ?? ''] as (value: number, threshold: number) => boolean;
  const present = points.filter(({ value }) => value !== undefined);
  const treat = input.TreatMissingData ?? 'missing';
  const threshold = input.Threshold ?? 0;
  const breaching = points.filter(({ value }) =>
    value === undefined ? treat === 'breaching' : breaches(value, threshold),
  ).length;
  const mayChange = present.length > 0 || treat === 'breaching';
  if (present.length === 0 && treat === 'missing') {
    const missing = `${periods} datapoint${periods === 1 ? ' was' : 's were'} unknown.`;
    return { state: 'INSUFFICIENT_DATA', reason: `Insufficient Data: ${missing}`, mayChange };
  }
  if (present.length === 0 && treat === 'ignore') return { state: alarm.state, reason: alarm.reason, mayChange };
  const state = breaching >= needed ? 'ALARM' : 'OK';
  const deciding = present.filter(({ value }) => breaches(value as number, threshold) === (state === 'ALARM'));
  return {
    state,
    reason: reasonFor(alarm, state, { deciding, missing: periods - present.length, needed, periods, treat }),
    mayChange,
  };
}

/** In the words of CloudWatch's own alarms: `Threshold Crossed: 1 out of the last 1 datapoints [5.0 (…)] was …` */
function reasonFor(
  alarm: Alarm,
  state: 'ALARM' | 'OK',
  found: { deciding: readonly Point[]; missing: number; needed: number; periods: number; treat: string },
): string {
  const { deciding, missing, needed, periods, treat } = found;
  const { input } = alarm;
  if (deciding.length === 0) {
    const many = missing === 1 ? '1 missing datapoint was' : `${missing} missing datapoints were`;
    const treated = `${many} treated as [${treat === 'breaching' ? 'Breaching' : 'NonBreaching'}].`;
    if (missing < periods) return `Threshold Crossed: ${treated}`;
    return `Threshold Crossed: no datapoints were received for ${periods} period${periods === 1 ? '' : 's'} and ${treated}`;
  }
  const list = deciding.map(({ value, start }) => `${decimal(value as number)} (${shortTime(start)})`).join(', ');
  const verb = `${deciding.length === 1 ? 'was' : 'were'}${state === 'OK' ? ' not' : ''}`;
  const bound = `${words[input.ComparisonOperator ?? '']} the threshold (${decimal(input.Threshold ?? 0)})`;
  const transition =
    alarm.state === state
      ? ''
      : ` (minimum ${needed} datapoint${needed === 1 ? '' : 's'} for ${alarm.state} -> ${state} transition)`;
  return `Threshold Crossed: ${deciding.length} out of the last ${periods} datapoints [${list}] ${verb} ${bound}${transition}.`;
}

const decimal = (value: number) => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/** `28/10/19 14:56:00` */
function shortTime(date: Date): string {
  const [day = '', time = ''] = date.toISOString().split('T');
  const [year = '', month, dayOfMonth] = day.split('-');
  return `${dayOfMonth}/${month}/${year.slice(2)} ${time.slice(0, 8)}`;
}

/** The newest first. */
function pointsOf(input: AlarmInput, metrics: MetricStore, now: Date, periods: number): Point[] {
  const period = (input.Period ?? 60) * 1000;
  const end = now.getTime() + 1;
  const dimensions = Object.fromEntries((input.Dimensions ?? []).map(({ Name, Value }) => [Name, Value]));
  const all = metrics.find(String(input.Namespace), String(input.MetricName), dimensions)?.data ?? [];
  const data = input.Unit === undefined ? all : all.filter(({ unit }) => unit === input.Unit);
  const name = (input.ExtendedStatistic ?? input.Statistic ?? 'Average') as Statistic;
  return Array.from({ length: periods }, (_, index) => {
    const start = end - (index + 1) * period;
    return { start: new Date(start), value: statistic(data, name, start, end - index * period) };
  });
}
