/** One datum of a metric, or a set of equal ones, or the statistics of a set. */
export interface Datum {
  /** The value, or the average of the set. */
  readonly value: number;
  readonly timestamp: number;
  readonly unit: string;
  /** 1 when missing. */
  readonly count?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface Metric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly data: Datum[];
}

export type Statistic = 'Sum' | 'Average' | 'Minimum' | 'Maximum' | 'SampleCount' | `p${number}`;

export const isStatistic = (name: string): name is Statistic =>
  /^(Sum|Average|Minimum|Maximum|SampleCount|p(100|\d{1,2})(\.\d{1,2})?)$/.test(name);

const KEEP_MILLISECONDS = 15 * 86_400_000;

export function metricKey(namespace: string, metricName: string, dimensions: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(dimensions).sort(([a], [b]) => a.localeCompare(b));
  return JSON.stringify([namespace, metricName, sorted]);
}

/** The metrics of the account, each a list of data in order of arrival. */
export class MetricStore {
  readonly #metrics = new Map<string, Metric>();

  clear(): void {
    this.#metrics.clear();
  }

  all(): Metric[] {
    return [...this.#metrics.values()];
  }

  find(namespace: string, metricName: string, dimensions: Readonly<Record<string, string>>): Metric | undefined {
    return this.#metrics.get(metricKey(namespace, metricName, dimensions));
  }

  put(namespace: string, metricName: string, dimensions: Readonly<Record<string, string>>, datum: Datum): Metric {
    const key = metricKey(namespace, metricName, dimensions);
    const metric = this.#metrics.get(key) ?? { namespace, metricName, dimensions, data: [] };
    this.#metrics.set(key, metric);
    metric.data.push(datum);
    if (metric.data.length % 1_000 === 0) {
      const oldest = datum.timestamp - KEEP_MILLISECONDS;
      metric.data.splice(
        0,
        metric.data.findIndex(({ timestamp }) => timestamp >= oldest),
      );
    }
    return metric;
  }
}

/** The statistic over `[start, end)`, or undefined where there are no data: that is "missing", not zero. */
export function statistic(data: readonly Datum[], name: Statistic, start: number, end: number): number | undefined {
  const found = data.filter(({ timestamp }) => timestamp >= start && timestamp < end);
  if (found.length === 0) return undefined;
  const count = found.reduce((sum, datum) => sum + (datum.count ?? 1), 0);
  const total = found.reduce((sum, { value, count: times = 1 }) => sum + value * times, 0);
  switch (name) {
    case 'Sum':
      return total;
    case 'Average':
      return total / count;
    case 'Minimum':
      return Math.min(...found.map(({ value, minimum = value }) => minimum));
    case 'Maximum':
      return Math.max(...found.map(({ value, maximum = value }) => maximum));
    case 'SampleCount':
      return count;
    default:
      return percentile(found, count, Number(name.slice(1)));
  }
}

function percentile(data: readonly Datum[], count: number, rank: number): number {
  const sorted = [...data].sort((a, b) => a.value - b.value);
  const wanted = Math.min(count - 1, Math.floor((rank / 100) * count));
  let seen = 0;
  for (const { value, count: times = 1 } of sorted) {
    seen += times;
    if (seen > wanted) return value;
  }
  return (sorted[sorted.length - 1] as Datum).value;
}
