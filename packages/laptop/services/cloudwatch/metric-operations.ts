import type { Clock } from '../../clock.ts';
import type { Operation } from '../../cloud.ts';
import { invalidCombination, invalidValue, missingParameter, pageOf, validationError } from './errors.ts';
import { type Datum, isStatistic, type Metric, type MetricStore, type Statistic, statistic } from './metrics.ts';

interface Dimension {
  readonly Name: string;
  readonly Value?: string;
}

interface MetricDatum {
  readonly MetricName: string;
  readonly Dimensions?: readonly Dimension[];
  readonly Value?: number;
  readonly Values?: readonly number[];
  readonly Counts?: readonly number[];
  readonly StatisticValues?: {
    readonly SampleCount: number;
    readonly Sum: number;
    readonly Minimum: number;
    readonly Maximum: number;
  };
  readonly Unit?: string;
  readonly Timestamp?: Date;
}

const MOST_DATA = 1_000;
const MOST_VALUES = 150;
const MOST_LISTED = 500;
const MOST_DATAPOINTS = 100_800;
const MOST_STATISTICS = 1_440;
const OLDEST_MILLISECONDS = 14 * 86_400_000;
const NEWEST_MILLISECONDS = 2 * 3_600_000;

/** Takes one datum of a metric in. */
export type PutDatum = (
  metric: { namespace: string; metricName: string; dimensions: Readonly<Record<string, string>> },
  datum: Datum,
) => void;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html */
export function metricOperations(metrics: MetricStore, put: PutDatum, clock: Clock): Record<string, Operation> {
  const access = (action: string) => () => [{ action: `cloudwatch:${action}`, resource: '*' }];
  return {
    PutMetricData: {
      validate: (input) => checkData(input, clock.now()),
      access: (input: { Namespace: string }) => [
        { action: 'cloudwatch:PutMetricData', resource: '*', context: { 'cloudwatch:namespace': input.Namespace } },
      ],
      handle(input: { Namespace: string; MetricData: readonly MetricDatum[] }) {
        for (const datum of input.MetricData) {
          const metric = {
            namespace: input.Namespace,
            metricName: datum.MetricName,
            dimensions: dimensionsOf(datum.Dimensions),
          };
          for (const one of dataOf(datum, clock.now())) put(metric, one);
        }
      },
    },
    ListMetrics: {
      access: access('ListMetrics'),
      handle(input: {
        Namespace?: string;
        MetricName?: string;
        Dimensions?: readonly Dimension[];
        NextToken?: string;
      }) {
        const found = metrics.all().filter((metric) => matches(metric, input));
        const { page, NextToken } = pageOf(found, MOST_LISTED, input.NextToken);
        return { Metrics: page.map(describe), NextToken };
      },
    },
    GetMetricStatistics: {
      validate: checkStatistics,
      access: access('GetMetricStatistics'),
      handle: (input) => getStatistics(metrics, input),
    },
    GetMetricData: {
      validate: (input) => checkRange(input.StartTime, input.EndTime),
      access: access('GetMetricData'),
      handle: (input) => getData(metrics, input),
    },
  };
}

function checkData(input: { Namespace: string; MetricData?: readonly MetricDatum[] }, now: Date): void {
  const { Namespace, MetricData: data = [] } = input;
  if (Namespace.startsWith('AWS/')) throw invalidValue(`The value ${Namespace} for parameter Namespace is invalid.`);
  if (!/^[^:][\x20-\x7e]{0,254}$/.test(Namespace)) {
    throw invalidValue(`The value ${Namespace} for parameter Namespace is invalid.`);
  }
  if (data.length === 0) throw missingParameter('MetricData');
  if (data.length > MOST_DATA) {
    throw invalidValue(`The collection MetricData must not have a size greater than ${MOST_DATA}.`);
  }
  for (const [index, datum] of data.entries()) checkDatum(datum, `MetricData.member.${index + 1}`, now);
}

function checkDatum(datum: MetricDatum, path: string, now: Date): void {
  const { Value, Values, Counts, StatisticValues, Timestamp } = datum;
  const given = [Value, Values, StatisticValues].filter((one) => one !== undefined).length;
  if (given === 0) {
    throw missingParameter(`${path}.Value, ${path}.StatisticValues, or ${path}.Values`);
  }
  if (given > 1) {
    throw invalidCombination(
      `The parameters ${path}.Value and ${path}.StatisticValues are mutually exclusive and you have specified both.`,
    );
  }
  if (Values && Values.length > MOST_VALUES) {
    throw invalidValue(`The collection ${path}.Values must not have a size greater than ${MOST_VALUES}.`);
  }
  if (Counts && Counts.length !== Values?.length) {
    throw invalidCombination(`The parameters ${path}.Values and ${path}.Counts must have the same size.`);
  }
  if ([Value, ...(Values ?? [])].some((one) => one !== undefined && !Number.isFinite(one))) {
    throw invalidValue(`The value NaN for parameter ${path}.Value is invalid.`);
  }
  if (!Timestamp) return;
  const age = now.getTime() - Timestamp.getTime();
  if (age > OLDEST_MILLISECONDS || age < -NEWEST_MILLISECONDS) {
    throw invalidValue(`The parameter ${path}.Timestamp must specify a time within the past two weeks.`);
  }
}

function dataOf(datum: MetricDatum, now: Date): Datum[] {
  const base = { timestamp: (datum.Timestamp ?? now).getTime(), unit: datum.Unit ?? 'None' };
  if (datum.StatisticValues) {
    const { SampleCount, Sum, Minimum, Maximum } = datum.StatisticValues;
    return [{ ...base, value: Sum / SampleCount, count: SampleCount, minimum: Minimum, maximum: Maximum }];
  }
  const values = datum.Values ?? [datum.Value ?? 0];
  return values.map((value, index) => ({ ...base, value, count: datum.Counts?.[index] ?? 1 }));
}

interface StatisticsInput {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly Dimension[];
  readonly StartTime: Date;
  readonly EndTime: Date;
  readonly Period: number;
  readonly Statistics?: readonly Statistic[];
  readonly ExtendedStatistics?: readonly Statistic[];
  readonly Unit?: string;
}

function checkStatistics(input: StatisticsInput): void {
  const { Statistics = [], ExtendedStatistics = [], Period } = input;
  if (Statistics.length + ExtendedStatistics.length === 0) {
    throw invalidCombination('At least one of the parameters Statistics and ExtendedStatistics must be specified.');
  }
  const unknown = [...Statistics, ...ExtendedStatistics].find((name) => !isStatistic(name));
  if (unknown) throw invalidValue(`The value ${unknown} for parameter Statistics is not supported on the laptop.`);
  checkPeriod(Period);
  checkRange(input.StartTime, input.EndTime);
  const points = Math.ceil((input.EndTime.getTime() - input.StartTime.getTime()) / (Period * 1000));
  if (points > MOST_STATISTICS) {
    throw invalidCombination(
      `You have requested up to ${points} datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
    );
  }
}

export function checkPeriod(seconds: number): void {
  if ([1, 5, 10, 30].includes(seconds)) return;
  if (!Number.isInteger(seconds) || seconds < 1) {
    throw invalidValue('The parameter Period must be greater than or equal to 1.');
  }
  if (seconds % 60 !== 0) throw invalidValue('The parameter Period must be a multiple of 60.');
}

function checkRange(start: Date, end: Date): void {
  if (start >= end) throw invalidValue('The parameter StartTime must be less than the parameter EndTime.');
}

function getStatistics(metrics: MetricStore, input: StatisticsInput) {
  const all = metrics.find(input.Namespace, input.MetricName, dimensionsOf(input.Dimensions))?.data ?? [];
  const data = input.Unit === undefined ? all : all.filter(({ unit }) => unit === input.Unit);
  const Datapoints = periodsOf(input.StartTime, input.EndTime, input.Period).flatMap(([start, end]) => {
    const of = (names: readonly Statistic[] = []) =>
      Object.fromEntries(names.map((name) => [name, statistic(data, name, start, end)]));
    if (statistic(data, 'SampleCount', start, end) === undefined) return [];
    return [
      {
        Timestamp: new Date(start),
        Unit: data[0]?.unit,
        ...of(input.Statistics),
        ...(input.ExtendedStatistics ? { ExtendedStatistics: of(input.ExtendedStatistics) } : {}),
      },
    ];
  });
  return { Label: input.MetricName, Datapoints };
}

interface MetricDataQuery {
  readonly Id: string;
  readonly MetricStat?: {
    readonly Metric: { readonly Namespace: string; readonly MetricName: string; readonly Dimensions?: Dimension[] };
    readonly Period: number;
    readonly Stat: string;
  };
  readonly Expression?: string;
  readonly Label?: string;
  readonly ReturnData?: boolean;
}

function getData(
  metrics: MetricStore,
  input: { MetricDataQueries: readonly MetricDataQuery[]; StartTime: Date; EndTime: Date; ScanBy?: string },
) {
  const ids = input.MetricDataQueries.map(({ Id }) => Id);
  if (new Set(ids).size < ids.length)
    throw validationError('The values for parameter id in MetricDataQueries are not unique.');
  const MetricDataResults = input.MetricDataQueries.filter(({ ReturnData }) => ReturnData !== false).map((query) => {
    if (!/^[a-z][a-zA-Z0-9_]*$/.test(query.Id)) {
      throw validationError(
        `The value ${query.Id} for parameter MetricDataQueries.member.1.Id is not matching the pattern ^[a-z][a-zA-Z0-9_]*$.`,
      );
    }
    if (!query.MetricStat) {
      throw validationError(`Metric math (${query.Expression}) is not supported on the laptop.`);
    }
    const { Metric: metric, Period, Stat } = query.MetricStat;
    if (!isStatistic(Stat)) throw validationError(`The statistic ${Stat} is not supported on the laptop.`);
    checkPeriod(Period);
    const data = metrics.find(metric.Namespace, metric.MetricName, dimensionsOf(metric.Dimensions))?.data ?? [];
    const points = periodsOf(input.StartTime, input.EndTime, Period).flatMap(([from, to]) => {
      const value = statistic(data, Stat, from, to);
      return value === undefined ? [] : [{ at: new Date(from), value }];
    });
    if (input.ScanBy !== 'TimestampAscending') points.reverse();
    return {
      Id: query.Id,
      Label: query.Label ?? metric.MetricName,
      StatusCode: 'Complete',
      Timestamps: points.map(({ at }) => at),
      Values: points.map(({ value }) => value),
    };
  });
  return { MetricDataResults, Messages: [] };
}

function periodsOf(start: Date, end: Date, seconds: number): [number, number][] {
  const period = seconds * 1000;
  const first = Math.floor(start.getTime() / period) * period;
  const count = Math.ceil((end.getTime() - first) / period);
  if (count > MOST_DATAPOINTS) {
    throw invalidCombination('You have requested more than 100,800 datapoints. Ask for a longer period.');
  }
  return Array.from({ length: count }, (_, index) => [first + index * period, first + (index + 1) * period]);
}

function matches(
  metric: Metric,
  input: { Namespace?: string; MetricName?: string; Dimensions?: readonly Dimension[] },
): boolean {
  if (input.Namespace && metric.namespace !== input.Namespace) return false;
  if (input.MetricName && metric.metricName !== input.MetricName) return false;
  return (input.Dimensions ?? []).every(
    ({ Name, Value }) => Name in metric.dimensions && (Value === undefined || metric.dimensions[Name] === Value),
  );
}

const describe = (metric: Metric) => ({
  Namespace: metric.namespace,
  MetricName: metric.metricName,
  Dimensions: Object.entries(metric.dimensions).map(([Name, Value]) => ({ Name, Value })),
});

function dimensionsOf(dimensions: readonly Dimension[] | undefined): Record<string, string> {
  return Object.fromEntries((dimensions ?? []).map(({ Name, Value }) => [Name, Value ?? '']));
}
