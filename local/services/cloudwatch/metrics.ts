/** One datum of a metric. */
export interface Datum {
  readonly value: number;
  readonly timestamp: number;
  readonly unit: string;
}

export interface Metric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly data: Datum[];
}

export type Statistic = 'Sum' | 'Average' | 'Minimum' | 'Maximum' | 'SampleCount' | `p${number}`;

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
  const values = data.filter(({ timestamp }) => timestamp >= start && timestamp < end).map(({ value }) => value);
  if (values.length === 0) return undefined;
  switch (name) {
    case 'Sum':
      return values.reduce((sum, value) => sum + value, 0);
    case 'Average':
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    case 'Minimum':
      return Math.min(...values);
    case 'Maximum':
      return Math.max(...values);
    case 'SampleCount':
      return values.length;
    default:
      return percentile(values, Number(name.slice(1)));
  }
}

function percentile(values: number[], rank: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((rank / 100) * sorted.length))] as number;
}
