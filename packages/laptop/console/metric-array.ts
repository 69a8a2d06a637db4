/** How a graph shows a metric; what a widget's `metrics` leave out comes from the widget. */
export interface MetricOptions {
  readonly label?: string;
  readonly color?: string;
  readonly stat?: string;
  readonly yAxis?: 'left' | 'right';
  readonly visible?: boolean;
  readonly expression?: string;
}

export interface GraphedMetric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly options: MetricOptions;
}

/**
 * The `metrics` of a dashboard's metric widget: `[namespace, name, dimension, value, …, options]`, where "." repeats what
 * stood at that place in the metric before, and "..." as much as leaves room for the rest.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html#CloudWatch-Dashboard-Properties-Metrics-Array-Format
 */
export function readMetricArrays(metrics: readonly (readonly unknown[])[]): GraphedMetric[] {
  let before: string[] = [];
  return metrics.map((metric) => {
    const last = metric.at(-1);
    const options = (typeof last === 'object' && last !== null ? last : {}) as MetricOptions;
    const texts = metric.filter((part): part is string => typeof part === 'string');
    if (options.expression === undefined) before = expand(texts, before);
    const [namespace = '', metricName = '', ...rest] = options.expression === undefined ? before : [];
    const dimensions: Record<string, string> = {};
    for (let at = 0; at + 1 < rest.length; at += 2) dimensions[rest[at] as string] = rest[at + 1] as string;
    return { namespace, metricName, dimensions, options };
  });
}

function expand(texts: readonly string[], before: readonly string[]): string[] {
  const dots = texts.indexOf('...');
  const whole =
    dots < 0
      ? texts
      : [
          ...texts.slice(0, dots),
          ...before.slice(dots, before.length - (texts.length - dots - 1)),
          ...texts.slice(dots + 1),
        ];
  return whole.map((text, index) => (text === '.' ? (before[index] ?? text) : text));
}
