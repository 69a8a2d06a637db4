import { randomUUID } from 'node:crypto';
import { type Access, AwsError, type Call, type Operation } from '../../cloud.ts';
import { type Buses, checkPattern, seconds } from './buses.ts';
import { invalid } from './errors.ts';
import { flattenEvent, matchesPattern } from './pattern/match.ts';
import { type BusEvent, forwarded } from './state.ts';

/** For long AWS's bound. Today it takes a megabyte, but not every target does: what fits here fits everywhere. */
const MOST_BYTES = 262_144;
const MOST_ENTRIES = 10;
const TIME_BYTES = 14;

export interface Entry {
  Source?: string;
  DetailType?: string;
  Detail?: string;
  Resources?: string[];
  EventBusName?: string;
  Time?: Date;
  TraceHeader?: string;
  [forwarded]?: BusEvent;
}

interface PutEventsInput {
  Entries: Entry[];
  EndpointId?: string;
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
export function putEventsOperation(buses: Buses): Operation {
  return {
    validate: expectEntries,
    access: (input: PutEventsInput, call) => accessesOf(buses, input, call),
    handle: (input: PutEventsInput, call) => {
      const results = input.Entries.map((entry) => putEvent(buses, entry, call));
      return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
    },
  };
}

function expectEntries(input: PutEventsInput): void {
  const { Entries, EndpointId } = input;
  if (EndpointId !== undefined) throw invalid('EndpointId: global endpoints are not supported on the laptop.');
  if (Entries.length < 1 || Entries.length > MOST_ENTRIES) {
    const bound = Entries.length < 1 ? 'greater than or equal to 1' : `less than or equal to ${MOST_ENTRIES}`;
    const shown = Entries.map(describeEntry).join(', ');
    throw invalid(
      `1 validation error detected: Value '[${shown}]' at 'entries' failed to satisfy constraint: Member must have length ${bound}`,
    );
  }
  if (Entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MOST_BYTES)
    throw invalid('Total size of the entries in the request is over the limit.');
}

/** As AWS prints an entry. */
function describeEntry(entry: Entry): string {
  const { Time, Source, Resources, DetailType, Detail, EventBusName, TraceHeader } = entry;
  const members = {
    time: Time?.toISOString(),
    source: Source,
    resources: Resources && `[${Resources.join(', ')}]`,
    detailType: DetailType,
    detail: Detail,
    eventBusName: EventBusName,
    traceHeader: TraceHeader,
    kmsKeyIdentifier: null,
    internalMetadata: null,
  };
  const texts = Object.entries(members).map(([name, value]) => `${name}=${value ?? 'null'}`);
  return `PutEventsRequestEntry(${texts.join(', ')})`;
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size */
function sizeOf(entry: Entry): number {
  const texts = [entry.Source, entry.DetailType, entry.Detail, ...(entry.Resources ?? [])];
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
  return bytes + (entry.Time ? TIME_BYTES : 0);
}

function accessesOf(buses: Buses, input: PutEventsInput, call: Call): Access[] {
  const names = [...new Set(input.Entries.map((entry) => entry.EventBusName ?? 'default'))];
  return names.map((name) => {
    const bus = buses.find(call.region, name);
    const entries = input.Entries.filter((entry) => (entry.EventBusName ?? 'default') === name);
    return {
      action: 'events:PutEvents',
      resource: name.startsWith('arn:') ? name : `arn:aws:events:${call.region}:${call.accountId}:event-bus/${name}`,
      ...(bus?.policy && { resourcePolicy: bus.policy }),
      context: {
        'events:source': entries.map((entry) => entry.Source ?? ''),
        'events:detail-type': entries.map((entry) => entry.DetailType ?? ''),
      },
    };
  });
}

function putEvent(buses: Buses, entry: Entry, call: Call): Record<string, string> {
  const problem = entryProblem(entry);
  if (problem) return problem;
  const { cloud } = call;
  const event = entry[forwarded] ?? eventOf(entry, call);
  const result = { EventId: String(event.id) };
  // To a bus that is not there an event goes, and is gone.
  const bus = buses.find(call.region, entry.EventBusName);
  if (!bus) return result;
  const { detail, ...envelope } = event;
  const text = `${JSON.stringify(envelope).slice(0, -1)},"detail":${entry.Detail}}`;
  // At least once: an event of one's own may come twice, but is not lost.
  const copies = cloud.random() < cloud.settings.eventsDuplicatedRate ? 2 : 1;
  const from = { text, wasForwarded: entry[forwarded] !== undefined };
  for (let copy = 0; copy < copies; copy += 1) buses.dispatch(bus, event, from);
  return result;
}

function eventOf(entry: Entry, call: Call): BusEvent {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': entry.DetailType,
    source: entry.Source,
    account: call.accountId,
    time: seconds(entry.Time ?? call.cloud.clock.now()),
    region: call.region,
    resources: entry.Resources ?? [],
    detail: JSON.parse(entry.Detail as string),
  };
}

function entryProblem(entry: Entry): { ErrorCode: string; ErrorMessage: string } | undefined {
  for (const name of ['Source', 'DetailType', 'Detail'] as const) {
    if (entry[name]) continue;
    const ErrorMessage = `Parameter ${name} is not valid. Reason: ${name} is a required argument.`;
    return { ErrorCode: 'InvalidArgument', ErrorMessage };
  }
  if (entry[forwarded]) return undefined;
  if (entry.Source?.startsWith('aws.'))
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  return isObjectText(entry.Detail as string)
    ? undefined
    : { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
}

function isObjectText(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

const eventMembers = ['id', 'account', 'source', 'time', 'region', 'detail-type'];
const MOST_PATTERN_CHARACTERS = 4096;

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html */
export const testEventPattern: Operation = {
  validate: (input: { EventPattern: string }) => expectPatternLength(input.EventPattern),
  access: () => [{ action: 'events:TestEventPattern', resource: '*' }],
  handle: (input: { EventPattern: string; Event: string }) => {
    if (!isObjectText(input.Event)) throw invalid('Parameter Event is not valid.');
    const event = JSON.parse(input.Event) as Record<string, unknown>;
    if (eventMembers.some((name) => !Object.hasOwn(event, name))) throw invalid('Parameter Event is not valid.');
    return { Result: matchesPattern(checkPattern(input.EventPattern), flattenEvent(input.Event)) };
  },
};

export function expectPatternLength(pattern: string | undefined): void {
  if (pattern === undefined || pattern.length <= MOST_PATTERN_CHARACTERS) return;
  throw new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${pattern}' at 'eventPattern' failed to satisfy constraint: Member must have length less than or equal to ${MOST_PATTERN_CHARACTERS}`,
  );
}
