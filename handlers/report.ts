import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { parse } from '../pipeline/contracts/parse.ts';
import { Report } from '../pipeline/contracts/report.ts';
import { composeReport } from '../pipeline/reports/report.ts';
import { tell } from '../pipeline/reports/story.ts';
import { publishMetrics } from './wiring/publish-metrics.ts';

const events = new EventBridgeClient({});

/** Every Report state: puts the events, emits the metrics, answers the words that the execution ends with. */
export async function handler(event: unknown): Promise<{ code: string; message: string }> {
  const telling = composeReport(parse('The report', Report, event), new Date());
  publishMetrics(telling.metrics);
  for (const told of telling.events) await tell(events, told);
  return telling.outcome;
}
