import * as v from 'valibot';

/** Metrics inside a log line. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
export interface EmbeddedMetric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly values: number[];
  readonly unit: string;
  readonly timestamp: number;
}

const MOST_DIMENSIONS = 30;
const MOST_METRICS = 100;
const MOST_VALUES = 100;
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(1024));

/** What Lambda's `console` puts in front of a line in the text format; metrics are found behind it. */
const CONSOLE_PREFIX = /^\d{4}-[\d-]+T[\d:.]+Z\t\S+\t[A-Z]+\t/;

const lineSchema = v.looseObject({
  _aws: v.looseObject({
    Timestamp: v.number(),
    CloudWatchMetrics: v.array(
      v.looseObject({
        Namespace: name,
        Dimensions: v.array(v.pipe(v.array(v.string()), v.maxLength(MOST_DIMENSIONS))),
        Metrics: v.pipe(
          v.array(v.looseObject({ Name: name, Unit: v.optional(v.string(), 'None') })),
          v.maxLength(MOST_METRICS),
        ),
      }),
    ),
  }),
});

/**
 * The metrics of a line, or none: a line that is no JSON, or breaks the format, is only a line. A dimension set whose
 * members the line lacks, and a metric whose value it lacks, are left out.
 */
export function embeddedMetrics(text: string): EmbeddedMetric[] {
  const line = readLine(text);
  if (!line) return [];
  return line._aws.CloudWatchMetrics.flatMap((directive) =>
    directive.Dimensions.filter((names) => names.every((one) => isDimensionValue(line[one]))).flatMap((names) =>
      directive.Metrics.map((metric) => ({
        namespace: directive.Namespace,
        metricName: metric.Name,
        dimensions: Object.fromEntries(names.map((one) => [one, String(line[one])])),
        values: numbersOf(line[metric.Name]),
        unit: metric.Unit,
        timestamp: line._aws.Timestamp,
      })).filter(({ values }) => values.length > 0),
    ),
  );
}

function readLine(text: string) {
  if (!text.includes('"_aws"')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(CONSOLE_PREFIX, ''));
  } catch {
    // A line that only looks like one: CloudWatch ignores it too.
    return undefined;
  }
  const line = v.safeParse(lineSchema, parsed);
  return line.success ? line.output : undefined;
}

const isDimensionValue = (value: unknown) =>
  (typeof value === 'string' && value !== '') || typeof value === 'number' || typeof value === 'boolean';

function numbersOf(value: unknown): number[] {
  const values = Array.isArray(value) ? value.slice(0, MOST_VALUES) : [value];
  return values.filter((one): one is number => typeof one === 'number' && Number.isFinite(one));
}
