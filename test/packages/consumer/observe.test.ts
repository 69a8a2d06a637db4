import { type Observation, observeToLog } from '../../../packages/consumer/observe.ts';

const stale = (secretId = 'app/db'): Observation => ({
  event: 'served-stale',
  secretId,
  versionId: 'v1',
  ageSeconds: 400,
  error: 'SecretUnavailableError',
});

function log() {
  const clock = { now: 1_000_000 };
  const lines: Record<string, any>[] = [];
  const observe = observeToLog(
    (line) => lines.push(JSON.parse(line)),
    () => clock.now,
  );
  return { clock, lines, observe };
}

test('a retry is a line and a metric in one: CloudWatch’s embedded format, with the words beside it', () => {
  const { lines, observe } = log();
  observe({ event: 'request-retried', secretId: 'app/key', status: 401 });
  expect(lines).toEqual([
    {
      _aws: {
        Timestamp: 1_000_000,
        CloudWatchMetrics: [
          {
            Namespace: 'KeyturnConsumer',
            Dimensions: [['service']],
            Metrics: [{ Name: 'RequestRetried', Unit: 'Count' }],
          },
        ],
      },
      service: expect.any(String),
      event: 'request-retried',
      secretId: 'app/key',
      status: 401,
      RequestRetried: 1,
    },
  ]);
});

test('every retry, refetch and stale serve has a metric; what is ordinary has none', () => {
  const { lines, observe } = log();
  const secretId = 'app/db';
  observe({ event: 'refetched', secretId, reason: '28P01', changed: true });
  observe(stale());
  observe({ event: 'fetch-failed', secretId, error: 'SecretUnavailableError' });
  observe({ event: 'connection-retried', secretId, error: '28P01' });
  observe({ event: 'connection-lost', secretId, error: '57P01' });
  observe({ event: 'request-retried', secretId, status: 403 });
  observe({ event: 'pending-used', secretId });
  const metrics = lines.map((line) => line._aws.CloudWatchMetrics[0].Metrics[0].Name);
  expect(new Set(metrics).size).toBe(7);
  observe({ event: 'fetched', secretId, versionId: 'v1', changed: true, milliseconds: 3 });
  observe({ event: 'invalidated', secretId, versionId: 'v1' });
  observe({ event: 'connections-drained', secretId, count: 2 });
  expect(lines).toHaveLength(7);
});

test('a thousand stale serves a second are one line a second, and none is lost from the count', () => {
  const { clock, lines, observe } = log();
  for (let i = 0; i < 5_000; i += 1) {
    observe(stale());
    clock.now += 1;
  }
  observe(stale('app/other'));
  clock.now += 1_000;
  observe(stale());
  expect(lines).toHaveLength(7);
  const counts = lines.filter(({ secretId }) => secretId === 'app/db').map((line) => line.SecretServedStale);
  expect(counts).toEqual([1, 1_000, 1_000, 1_000, 1_000, 1_000]);
});
