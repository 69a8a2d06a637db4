import * as v from 'valibot';
import { EVENT_SOURCE, type EventType, eventDetails } from '../contracts/events.ts';
import { parse } from '../contracts/parse.ts';

/** The events of the story become rows of the history table. Rows expire; correctness never depends on them. */
export interface HistoryRow {
  /** `secret#<arn>`: a secret's story. */
  readonly pk: string;
  readonly sk: string;
  readonly type: string;
  readonly detail: string;
  readonly code?: string;
  readonly message?: string;
  readonly expiresAt: number;
}

const HISTORY_DAYS = 400;

const BusEvent = v.object({
  id: v.string(),
  time: v.pipe(v.string(), v.isoTimestamp()),
  source: v.literal(EVENT_SOURCE),
  'detail-type': v.picklist(Object.keys(eventDetails) as EventType[]),
  detail: v.unknown(),
});

/**
 * The row that an event writes. Pure, and idempotent by the event's own id: an event that comes twice writes the same row.
 * A request is not yet part of any secret's story.
 */
export function projectEvent(input: unknown): HistoryRow | undefined {
  const event = parse('The event', BusEvent, input);
  const type = event['detail-type'];
  if (type === 'Rotation Requested') return undefined;
  const detail = parse(`The detail of "${type}"`, eventDetails[type], event.detail) as {
    id: string;
    secretArn: string;
    code?: string;
    message?: string;
  };
  return {
    pk: `secret#${detail.secretArn}`,
    sk: `${event.time}#${detail.id}`,
    type,
    detail: JSON.stringify(detail),
    ...(detail.code && { code: detail.code }),
    ...(detail.message && { message: detail.message }),
    expiresAt: Math.floor(new Date(event.time).getTime() / 1000) + HISTORY_DAYS * 86_400,
  };
}
