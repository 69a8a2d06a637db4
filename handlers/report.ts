import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { parse } from '../pipeline/contracts/parse.ts';
import { Report } from '../pipeline/contracts/report.ts';
import { composeReport } from '../pipeline/reports/report.ts';
import { publish } from '../pipeline/reports/story.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';
import { publishMetrics } from './wiring/publish-metrics.ts';

const { EVENT_BUS_NAME: busName } = readEnvironment({ EVENT_BUS_NAME: environmentText });
const events = new EventBridgeClient({});

/** Every Report state: puts the events, emits the metrics, answers the words that the execution ends with. */
export async function handler(request: unknown): Promise<{ code: string; message: string }> {
  const report = composeReport(parse('The report', Report, request), new Date());
  publishMetrics(report.metrics);
  for (const event of report.events) await publish(events, busName, event);
  return report.outcome;
}
