/** What the library tells of itself. Names, versions and counts; never a value. */
export type Observation =
  | { event: 'fetched'; secretId: string; versionId: string | undefined; changed: boolean; milliseconds: number }
  | { event: 'refetched'; secretId: string; reason: string; changed: boolean }
  | { event: 'served-stale'; secretId: string; versionId: string | undefined; ageSeconds: number; error: string }
  | { event: 'fetch-failed'; secretId: string; error: string }
  | { event: 'invalidated'; secretId: string; versionId: string | undefined }
  | { event: 'connection-retried'; secretId: string; error: string }
  | { event: 'connections-drained'; secretId: string; count: number }
  | { event: 'request-retried'; secretId: string; status: number }
  | { event: 'pending-used'; secretId: string };

export type Observe = (observation: Observation) => void;

/** What deserves a line and a metric: everything but ordinary fetches and first values. */
const metricNames: Partial<Record<Observation['event'], string>> = {
  refetched: 'SecretRefetched',
  'served-stale': 'SecretServedStale',
  'fetch-failed': 'SecretFetchFailed',
  'connection-retried': 'ConnectionRetried',
  'request-retried': 'RequestRetried',
  'pending-used': 'PendingSecretUsed',
};

/**
 * The default: one line in CloudWatch's embedded metric format for each retry, refetch and stale serve, so that a log
 * line and a metric cost one write. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function observeToLog(write: (line: string) => void, now: () => number): Observe {
  return (observation) => {
    const metric = metricNames[observation.event];
    if (!metric) return;
    write(
      JSON.stringify({
        _aws: {
          Timestamp: now(),
          CloudWatchMetrics: [
            { Namespace: 'KeyturnConsumer', Dimensions: [['service']], Metrics: [{ Name: metric, Unit: 'Count' }] },
          ],
        },
        service: process.env.POWERTOOLS_SERVICE_NAME ?? process.env.AWS_LAMBDA_FUNCTION_NAME ?? 'service_undefined',
        ...observation,
        [metric]: 1,
      }),
    );
  };
}
