import { EvaluationFault } from './errors.ts';
import { evaluateAs } from './expressions.ts';
import type { StateStep } from './state-step.ts';

/** ISO-8601 with an offset: `2026-01-01T00:00:00Z`, `2026-01-01T00:00:00.123+02:00`. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** Undefined for a text that is no timestamp. */
export function parseTimestamp(text: string): Date | undefined {
  if (!TIMESTAMP.test(text)) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** How long a Wait lasts; a moment that is over is no wait. */
export async function millisecondsUntil(step: StateStep): Promise<number> {
  const seconds = await step.number(step.state.Seconds, 'Seconds');
  if (seconds !== undefined) return seconds * 1000;
  const text = String(await evaluateAs('string', step.state.Timestamp, step.sight(), 'Timestamp'));
  const moment = parseTimestamp(text);
  if (!moment) {
    throw new EvaluationFault(
      `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${text}`,
      'Timestamp',
      true,
    );
  }
  return Math.max(0, moment.getTime() - step.frame.host.clock.now().getTime());
}
