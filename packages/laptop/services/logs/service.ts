import type { Cloud, Service } from '../../cloud.ts';
import { eventOperations } from './events.ts';
import { groupOperations } from './groups.ts';
import { type LogLine, LogsState } from './state.ts';

export interface LogsService extends Service {
  readonly name: 'logs';
  readonly state: LogsState;
  /** A line of a function or another service; makes group and stream where they are missing. */
  write(region: string, line: Omit<LogLine, 'region'>): void;
  /** Hears every line of every group as it arrives, wherever it comes from. Answers how to stop. */
  onLine(listener: (line: LogLine) => void): () => void;
}

/** CloudWatch Logs. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html */
export default function createLogsService(cloud: Cloud): LogsService {
  const state = new LogsState(cloud.clock, cloud.accountId);
  const listeners = new Set<(line: LogLine) => void>();
  const publish = (line: LogLine) => {
    for (const listener of listeners) listener(line);
    // Lines in the embedded metric format become metrics. A cloud may be without CloudWatch.
    const { services } = cloud as Cloud & { services?: ReadonlyMap<string, unknown> };
    (services?.get('monitoring') as { acceptLogLine?(text: string): void } | undefined)?.acceptLogLine?.(line.text);
  };
  return {
    name: 'logs',
    state,
    schemas: () => import('@aws-sdk/client-cloudwatch-logs') as Promise<Record<string, unknown>>,
    operations: { ...groupOperations(state), ...eventOperations(state, cloud.clock, publish) },
    write(region, line) {
      const group = state.group(region, line.group) ?? state.addGroup(region, line.group);
      const stream = group.streams.get(line.stream) ?? state.addStream(group, line.stream);
      state.addEvent(stream, line.time.getTime(), line.text);
      publish({ region, ...line });
    },
    onLine(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reset: () => state.clear(),
  };
}
