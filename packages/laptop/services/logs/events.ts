import type { Clock } from '../../clock.ts';
import type { Call, Operation } from '../../cloud.ts';
import { compileFilter } from './filter-pattern.ts';
import { findGroup, findStream, groupName, onAllGroups, onGroup, onStream } from './groups.ts';
import { selectedValues } from './json-pattern.ts';
import type { LogEvent, LogLine, LogsState } from './state.ts';
import { checkMembers, invalid } from './validation.ts';

const MOST_EVENTS = 10_000;
const MOST_BATCH_BYTES = 1_048_576;
const OLDEST_MILLISECONDS = 14 * 86_400_000;
const NEWEST_MILLISECONDS = 2 * 3_600_000;
const DAY_MILLISECONDS = 86_400_000;
const LONGEST_BATCH_MILLISECONDS = DAY_MILLISECONDS;

/** Writing and reading of log events. */
export function eventOperations(
  state: LogsState,
  clock: Clock,
  publish: (line: LogLine) => void,
): Record<string, Operation> {
  return {
    PutLogEvents: {
      validate: checkBatch,
      access: onStream('PutLogEvents'),
      handle: (input, call) => putEvents(state, clock, publish, input, call),
    },
    GetLogEvents: {
      validate: (input) => checkMembers(input, 'events'),
      access: onStream('GetLogEvents'),
      handle: (input, call) => getEvents(state, input, call),
    },
    FilterLogEvents: {
      validate: (input) => checkMembers(input, 'events'),
      access: onGroup('FilterLogEvents'),
      handle: (input, call) => filterEvents(state, input, call),
    },
    TestMetricFilter: {
      validate: (input) => checkMembers(input),
      access: onAllGroups('TestMetricFilter'),
      handle(input) {
        const matches = compileFilter(input.filterPattern);
        const found = (input.logEventMessages as string[]).map((eventMessage, index) => ({
          eventNumber: index + 1,
          eventMessage,
          extractedValues: selectedValues(input.filterPattern, eventMessage),
        }));
        return { matches: found.filter(({ eventMessage }) => matches(eventMessage)) };
      },
    },
  };
}

function checkBatch(input: any): void {
  checkMembers(input);
  const events = input.logEvents as { message: string; timestamp: number }[];
  const size = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + 26, 0);
  if (size > MOST_BATCH_BYTES) throw invalid(`Upload too large: ${size} bytes exceeds limit of ${MOST_BATCH_BYTES}`);
  if (events.some((event, index) => index > 0 && event.timestamp < (events[index - 1]?.timestamp ?? 0))) {
    throw invalid('Log events in a single PutLogEvents request must be in chronological order.');
  }
  const [first, last] = [events[0], events[events.length - 1]];
  if (first && last && last.timestamp - first.timestamp > LONGEST_BATCH_MILLISECONDS) {
    throw invalid('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.');
  }
}

function putEvents(state: LogsState, clock: Clock, publish: (line: LogLine) => void, input: any, call: Call) {
  const group = findGroup(state, call, input.logGroupName);
  const stream = findStream(group, input.logStreamName);
  const now = clock.now().getTime();
  const events = input.logEvents as { message: string; timestamp: number }[];
  const tooOld = events.filter(({ timestamp }) => timestamp < now - OLDEST_MILLISECONDS).length;
  const kept =
    group.retentionInDays === undefined ? Number.NEGATIVE_INFINITY : now - group.retentionInDays * DAY_MILLISECONDS;
  const expired = events.filter(({ timestamp }) => timestamp < kept).length;
  const firstTooNew = events.findIndex(({ timestamp }) => timestamp > now + NEWEST_MILLISECONDS);
  const accepted = events.slice(Math.max(tooOld, expired), firstTooNew < 0 ? undefined : firstTooNew);
  for (const { timestamp, message } of accepted) {
    state.addEvent(stream, timestamp, message);
    publish({ region: call.region, group: group.name, stream: stream.name, text: message, time: new Date(timestamp) });
  }
  return {
    nextSequenceToken: '1',
    ...(accepted.length === events.length
      ? {}
      : {
          rejectedLogEventsInfo: {
            ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
            ...(expired > tooOld ? { expiredLogEventEndIndex: expired } : {}),
            ...(firstTooNew < 0 ? {} : { tooNewLogEventStartIndex: firstTooNew }),
          },
        }),
  };
}

// Tokens name a position between events: `f/` goes forward from it, `b/` backward.
function getEvents(state: LogsState, input: any, call: Call) {
  const group = findGroup(state, call, input.logGroupName ?? input.logGroupIdentifier);
  const stream = findStream(group, input.logStreamName);
  // The end of GetLogEvents is not included, that of FilterLogEvents is.
  const events = within(state.visible(group, stream), input).filter(({ timestamp }) => timestamp !== input.endTime);
  const limit = Math.min(input.limit ?? MOST_EVENTS, MOST_EVENTS);
  const token = /^([fb])\/(\d+)$/.exec(input.nextToken ?? '');
  if (input.nextToken !== undefined && !token) throw invalid('The specified nextToken is invalid.');
  const at = Math.min(Number(token?.[2] ?? 0), events.length);
  const forward = token ? token[1] === 'f' : input.startFromHead === true;
  const [start, end] = forward
    ? [at, Math.min(at + limit, events.length)]
    : [Math.max((token ? at : events.length) - limit, 0), token ? at : events.length];
  return {
    events: events
      .slice(start, end)
      .map(({ timestamp, message, ingestionTime }) => ({ timestamp, message, ingestionTime })),
    nextForwardToken: `f/${end}`,
    nextBackwardToken: `b/${start}`,
  };
}

function filterEvents(state: LogsState, input: any, call: Call) {
  const group = findGroup(state, call, groupName(input.logGroupName ?? input.logGroupIdentifier));
  if (input.logStreamNames && input.logStreamNamePrefix) {
    throw invalid('logStreamNames and logStreamNamePrefix are mutually exclusive parameters.');
  }
  const matches = compileFilter(input.filterPattern ?? '');
  const named: string[] = input.logStreamNames ?? [];
  for (const name of named) findStream(group, name);
  const streams = [...group.streams.values()].filter(({ name }) =>
    named.length > 0 ? named.includes(name) : name.startsWith(input.logStreamNamePrefix ?? ''),
  );
  const found = streams
    .flatMap((stream) => within(state.visible(group, stream), input).map((event) => ({ stream: stream.name, event })))
    .filter(({ event }) => matches(event.message))
    .sort((a, b) => a.event.timestamp - b.event.timestamp || (BigInt(a.event.id) < BigInt(b.event.id) ? -1 : 1));
  const start = input.nextToken === undefined ? 0 : found.findIndex(({ event }) => event.id === input.nextToken);
  if (start < 0) throw invalid('The specified nextToken is invalid.');
  const limit = Math.min(input.limit ?? MOST_EVENTS, MOST_EVENTS);
  const next = found[start + limit];
  return {
    events: found.slice(start, start + limit).map(({ stream, event }) => ({
      logStreamName: stream,
      timestamp: event.timestamp,
      message: event.message,
      ingestionTime: event.ingestionTime,
      eventId: event.id,
    })),
    searchedLogStreams: [],
    ...(next ? { nextToken: next.event.id } : {}),
  };
}

function within(events: readonly LogEvent[], range: { startTime?: number; endTime?: number }): LogEvent[] {
  return events.filter(
    ({ timestamp }) => timestamp >= (range.startTime ?? 0) && timestamp <= (range.endTime ?? Number.POSITIVE_INFINITY),
  );
}
