import { Metrics } from '@aws-lambda-powertools/metrics';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { parse } from '../pipeline/contracts/parse.ts';
import { Report } from '../pipeline/contracts/report.ts';
import { METRIC_NAMESPACE } from '../pipeline/reports/metrics.ts';
import { composeReport } from '../pipeline/reports/report.ts';
import { tell } from '../pipeline/reports/story.ts';

const events = new EventBridgeClient({});
const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: 'keyturn' });

/** Every Report state: puts the events, emits the metrics, answers the words that the execution ends with. */
export async function handler(event: unknown): Promise<{ code: string; message: string }> {
  const telling = composeReport(parse('The report', Report, event), new Date());
  for (const metric of telling.metrics) metrics.addMetric(metric.name, metric.unit, metric.value);
  metrics.publishStoredMetrics();
  for (const told of telling.events) await tell(events, told);
  return telling.outcome;
}
