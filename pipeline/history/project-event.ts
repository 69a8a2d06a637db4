import * as v from 'valibot';
import { EVENT_SOURCE, type EventType, eventDetails } from '../contracts/events.ts';
import { parse } from '../contracts/parse.ts';

/** The events of the story become rows of the history table. Rows expire; correctness never depends on them. */
export interface HistoryRow {
  /** `secret#<arn>` for a secret's story, `failure#<token>` for LookForFailure, which ends the waiting early. */
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
 * What an event writes. Pure, and idempotent by the event's own id: an event that comes twice writes the same rows.
 * A request is not yet part of any secret's story.
 */
export function projectEvent(input: unknown): HistoryRow[] {
  const event = parse('The event', BusEvent, input);
  const type = event['detail-type'];
  if (type === 'Rotation Requested') return [];
  const detail = parse(`The detail of "${type}"`, eventDetails[type], event.detail) as {
    id: string;
    secretArn: string;
    versionId?: string;
    code?: string;
    message?: string;
    retryable?: boolean;
  };
  const expiresAt = Math.floor(new Date(event.time).getTime() / 1000) + HISTORY_DAYS * 86_400;
  const row = {
    type,
    detail: JSON.stringify(detail),
    ...(detail.code && { code: detail.code }),
    ...(detail.message && { message: detail.message }),
    expiresAt,
  };
  const rows: HistoryRow[] = [{ ...row, pk: `secret#${detail.secretArn}`, sk: `${event.time}#${detail.id}` }];
  if (type === 'Rotation Step Failed' && detail.retryable === false) {
    rows.push({ ...row, pk: `failure#${detail.versionId}`, sk: 'permanent' });
  }
  return rows;
}
