import type { Cloud } from '../../cloud.ts';
import type { LogsService } from '../logs/service.ts';
import type { Execution, HistoryEvent } from './state.ts';

const fatal = ['ExecutionAborted', 'ExecutionFailed', 'ExecutionTimedOut'];
const isError = (type: string) => fatal.includes(type) || /(Failed|TimedOut|Aborted)$/.test(type);

/** Writes an execution's events to the log group that its machine names. https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html */
export function logEvent(cloud: Cloud, execution: Execution, event: HistoryEvent): void {
  const { level = 'OFF', includeExecutionData, destinations } = execution.machine.loggingConfiguration ?? {};
  const arn = destinations?.[0]?.cloudWatchLogsLogGroup?.logGroupArn;
  const group = arn?.split(':')[6];
  if (level === 'OFF' || !group) return;
  if (level === 'ERROR' && !isError(event.type)) return;
  if (level === 'FATAL' && !fatal.includes(event.type)) return;
  const logs = servicesOf(cloud)?.get('logs') as LogsService | undefined;
  logs?.write(arn?.split(':')[3] ?? cloud.region, {
    group,
    stream: `states/${execution.machine.name}/${execution.startedAt.toISOString().slice(0, 13)}/${execution.name.slice(0, 40)}`,
    text: JSON.stringify(lineOf(execution, event, includeExecutionData === true)),
    time: event.timestamp,
  });
}

const dataMembers = ['input', 'output', 'inputDetails', 'outputDetails', 'parameters'];

function lineOf(execution: Execution, event: HistoryEvent, hasData: boolean): Record<string, unknown> {
  const details = Object.entries(event).find(([key]) => key.endsWith('EventDetails'))?.[1];
  const logged = Object.entries((details ?? {}) as Record<string, unknown>).filter(
    ([key]) => hasData || !dataMembers.includes(key),
  );
  return {
    id: String(event.id),
    type: event.type,
    details: Object.fromEntries(logged),
    redrive_count: '0',
    previous_event_id: String(event.previousEventId),
    event_timestamp: String(event.timestamp.getTime()),
    execution_arn: execution.arn,
  };
}

/** The cloud's services by name, where the cloud gives them: a cloud made for a test may have few. */
export function servicesOf(cloud: Cloud): ReadonlyMap<string, unknown> | undefined {
  return (cloud as Cloud & { services?: ReadonlyMap<string, unknown> }).services;
}
