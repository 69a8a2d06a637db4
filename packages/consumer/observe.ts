/** An event of the library, for logs and metrics. It holds names, versions and counts, and never a secret's value. */
export type Observation =
  | { event: 'fetched'; secretId: string; versionId: string | undefined; changed: boolean; milliseconds: number }
  | { event: 'refetched'; secretId: string; reason: string; changed: boolean }
  | { event: 'served-stale'; secretId: string; versionId: string | undefined; ageSeconds: number; error: string }
  | { event: 'fetch-failed'; secretId: string; error: string }
  | { event: 'invalidated'; secretId: string; versionId: string | undefined }
  | { event: 'connection-retried'; secretId: string; error: string }
  | { event: 'connection-lost'; secretId: string; error: string }
  | { event: 'connections-drained'; secretId: string; count: number }
  | { event: 'request-retried'; secretId: string; status: number }
  | { event: 'short-key'; secretId: string; algorithm: string; leastBytes: number }
  | { event: 'pending-used'; secretId: string };

export type Observe = (observation: Observation) => void;

/** The events that get a log line and a metric. Fetches, invalidations and drains are ordinary and get none. */
const metricNames: Partial<Record<Observation['event'], string>> = {
  refetched: 'SecretRefetched',
  'served-stale': 'SecretServedStale',
  'fetch-failed': 'SecretFetchFailed',
  'connection-retried': 'ConnectionRetried',
  'connection-lost': 'ConnectionLost',
  'request-retried': 'RequestRetried',
  'short-key': 'ShortSigningKey',
  'pending-used': 'PendingSecretUsed',
};

/** Lines of the same event and secret are at least this far apart, because in an outage every read is such an event. */
const LINE_EVERY_MILLISECONDS = 1_000;

/**
 * The default observer. It writes one line in CloudWatch's embedded metric format for each retry, refetch and stale serve.
 * CloudWatch makes a metric of it. The next line counts the events that came within a second of the last one.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function observeToLog(write: (line: string) => void, now: () => number): Observe {
  const lines = new Map<string, { writtenAt: number; unwritten: number }>();
  return (observation) => {
    const metric = metricNames[observation.event];
    if (!metric) return;
    const key = `${observation.event} ${observation.secretId}`;
    const last = lines.get(key);
    const at = now();
    if (last && at - last.writtenAt < LINE_EVERY_MILLISECONDS) {
      last.unwritten += 1;
      return;
    }
    lines.set(key, { writtenAt: at, unwritten: 0 });
    write(JSON.stringify(metricLine(metric, observation, 1 + (last?.unwritten ?? 0), at)));
  };
}

function metricLine(metric: string, observation: Observation, count: number, at: number): Record<string, unknown> {
  return {
    _aws: {
      Timestamp: at,
      CloudWatchMetrics: [
        { Namespace: 'KeyturnConsumer', Dimensions: [['service']], Metrics: [{ Name: metric, Unit: 'Count' }] },
      ],
    },
    service: process.env.POWERTOOLS_SERVICE_NAME ?? process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'service_undefined',
    ...observation,
    [metric]: count,
  };
}
