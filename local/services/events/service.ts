import { randomUUID } from 'node:crypto';
import type { Cloud, ServiceEvent } from '../../cloud.ts';
import type { Call, Operation, Service } from '../../service.ts';
import { Buses, checkPattern, seconds } from './buses.ts';
import { matchesPattern } from './pattern.ts';
import { ruleOperations } from './rule-operations.ts';

const ENTRY_BYTES = 262_144;

export interface EventsService extends Service {
  readonly name: 'events';
  readonly buses: Buses;
  acceptServiceEvent(event: ServiceEvent): void;
}

interface Entry {
  Source?: string;
  DetailType?: string;
  Detail?: string;
  Resources?: string[];
  EventBusName?: string;
  Time?: Date;
}

export default function createEventsService(cloud: Cloud): EventsService {
  const buses = new Buses(cloud);
  return {
    name: 'events',
    buses,
    schemas: () => import('@aws-sdk/client-eventbridge') as Promise<Record<string, unknown>>,
    operations: { ...ruleOperations(buses), PutEvents: putEvents(buses), TestEventPattern: testEventPattern },
    acceptServiceEvent: (event) => {
      const region = event.region ?? cloud.region;
      buses.dispatch(buses.require(region), {
        version: '0',
        id: randomUUID(),
        'detail-type': event.detailType,
        source: event.source,
        account: cloud.accountId,
        time: seconds(event.time ?? cloud.clock.now()),
        region,
        resources: event.resources,
        detail: JSON.parse(JSON.stringify(event.detail)),
      });
    },
    reset: () => buses.clear(),
    close: () => buses.clear(),
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html */
function putEvents(buses: Buses): Operation {
  return {
    access: (input: { Entries: Entry[] }, call) =>
      [...new Set(input.Entries.map((entry) => entry.EventBusName ?? 'default'))].map((bus) => ({
        action: 'events:PutEvents',
        resource: bus.startsWith('arn:') ? bus : `arn:aws:events:${call.region}:${call.accountId}:event-bus/${bus}`,
        context: {
          'events:source': input.Entries.map((entry) => entry.Source ?? ''),
          'events:detail-type': input.Entries.map((entry) => entry.DetailType ?? ''),
        },
      })),
    handle: (input: { Entries: Entry[] }, call) => {
      const results = input.Entries.map((entry) => putEvent(buses, entry, call));
      return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
    },
  };
}

function putEvent(buses: Buses, entry: Entry, call: Call): Record<string, string> {
  const problem = entryProblem(entry);
  if (problem) return problem;
  const id = randomUUID();
  const now = call.cloud.clock.now();
  const event = {
    version: '0',
    id,
    'detail-type': entry.DetailType,
    source: entry.Source,
    account: call.accountId,
    time: seconds(entry.Time ?? now),
    region: call.region,
    resources: entry.Resources ?? [],
    detail: JSON.parse(entry.Detail ?? '{}'),
  };
  const bus = buses.require(call.region, entry.EventBusName);
  // At least once: an event of one's own may come twice, but is not lost.
  const copies = call.cloud.random() < call.cloud.settings.eventsDuplicatedRate ? 2 : 1;
  for (let copy = 0; copy < copies; copy += 1) buses.dispatch(bus, event);
  return { EventId: id };
}

function entryProblem(entry: Entry): { ErrorCode: string; ErrorMessage: string } | undefined {
  for (const name of ['Source', 'DetailType', 'Detail'] as const) {
    if (!entry[name])
      return {
        ErrorCode: 'InvalidArgument',
        ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
      };
  }
  if (entry.Source?.startsWith('aws.'))
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  if (Buffer.byteLength(JSON.stringify(entry)) > ENTRY_BYTES)
    return {
      ErrorCode: 'InvalidArgument',
      ErrorMessage: 'Total size of the entries in the request is over the limit.',
    };
  try {
    const detail: unknown = JSON.parse(entry.Detail ?? '');
    if (typeof detail === 'object' && detail !== null && !Array.isArray(detail)) return undefined;
  } catch {
    return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
  }
  return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
}

const testEventPattern: Operation = {
  access: () => [{ action: 'events:TestEventPattern', resource: '*' }],
  handle: (input: { EventPattern: string; Event: string }) => {
    checkPattern(input.EventPattern);
    return { Result: matchesPattern(JSON.parse(input.EventPattern), JSON.parse(input.Event)) };
  },
};
