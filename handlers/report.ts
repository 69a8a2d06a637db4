import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { parse } from '../pipeline/contracts/parse.ts';
import { Report } from '../pipeline/contracts/report.ts';
import { lookBack } from '../pipeline/history/look-back.ts';
import { composeReport } from '../pipeline/reports/report.ts';
import { publish } from '../pipeline/reports/story.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';
import { publishMetrics } from './wiring/publish-metrics.ts';
import { writeLog } from './wiring/write-log.ts';

const { EVENT_BUS_NAME: busName, KEYTURN_HISTORY_TABLE: table } = readEnvironment({
  EVENT_BUS_NAME: environmentText,
  KEYTURN_HISTORY_TABLE: environmentText,
});
const events = new EventBridgeClient({});
const history = {
  client: new DynamoDBClient({}),
  table,
  sleep,
  warn: (message: string, error: unknown) =>
    writeLog('WARN', message, { error: error instanceof Error ? error.name : 'unknown' }),
};

/** Every Report state: puts the events, emits the metrics, answers the words that the execution ends with. */
export async function handler(request: unknown): Promise<{ code: string; message: string }> {
  const asked = parse('The report', Report, request);
  const report = composeReport(asked, new Date(), await lookBack(history, asked));
  publishMetrics(report.metrics);
  for (const event of report.events) await publish(events, busName, event);
  return report.outcome;
}
