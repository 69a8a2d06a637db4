import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { isOfReportingMachine } from '../pipeline/contracts/own-report.ts';
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
const states = new SFNClient({});
const warn = (message: string, error: unknown) =>
  writeLog('WARN', message, { error: error instanceof Error ? error.name : 'unknown' });
const history = {
  client: new DynamoDBClient({}),
  table,
  sleep,
  warn,
};

/**
 * The event of an execution's end does not have to name its error: Step Functions is asked for it. Where it does not answer, the
 * alarm rings once too often. https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
 */
async function withError(asked: Report): Promise<Report> {
  if (asked.report !== 'execution-ended' || asked.status !== 'FAILED') return asked;
  if (!isOfReportingMachine(asked.executionArn)) return asked;
  try {
    const { error } = await states.send(new DescribeExecutionCommand({ executionArn: asked.executionArn }));
    return { ...asked, error };
  } catch (error) {
    warn('Step Functions did not say why an execution failed: its alarm rings in any case.', error);
    return asked;
  }
}

/** Every Report state: puts the events, emits the metrics, answers the words that the execution ends with. */
export async function handler(request: unknown): Promise<{ code: string; message: string }> {
  const asked = await withError(parse('The report', Report, request));
  const report = composeReport(asked, new Date(), await lookBack(history, asked));
  publishMetrics(report.metrics);
  for (const event of report.events) await publish(events, busName, event);
  return report.outcome;
}
