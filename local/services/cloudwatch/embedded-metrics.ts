/** Metrics inside a log line. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
export interface EmbeddedMetric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly values: number[];
  readonly unit: string;
  readonly timestamp: number;
}

/** The metrics of a line, or none: a line that is no JSON, or has no `_aws`, is only a line. */
export function embeddedMetrics(line: string): EmbeddedMetric[] {
  if (!line.includes('"_aws"')) return [];
  let parsed: Record<string, any>;
  try {
    parsed = JSON.parse(line);
  } catch {
    // A line that only looks like one: CloudWatch ignores it too.
    return [];
  }
  const directives = parsed._aws?.CloudWatchMetrics;
  if (!Array.isArray(directives)) return [];
  return directives.flatMap((directive) =>
    (directive.Dimensions ?? [[]]).flatMap((names: string[]) =>
      (directive.Metrics ?? []).map((metric: { Name: string; Unit?: string }) => ({
        namespace: directive.Namespace,
        metricName: metric.Name,
        dimensions: Object.fromEntries(names.map((name) => [name, String(parsed[name])])),
        values: [parsed[metric.Name]].flat().filter((value) => typeof value === 'number'),
        unit: metric.Unit ?? 'None',
        timestamp: parsed._aws.Timestamp,
      })),
    ),
  );
}
