import type { Clock } from '../../../clock.ts';
import type { StateDefinition } from './definition.ts';
import { EvaluationFault } from './errors.ts';
import { evaluateAs, evaluateNumber } from './expressions.ts';
import type { Sight } from './sight.ts';

/** ISO-8601 with an offset: `2026-01-01T00:00:00Z`, `2026-01-01T00:00:00.123+02:00`. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** Undefined for a text that is no timestamp. */
export function parseTimestamp(text: string): Date | undefined {
  if (!TIMESTAMP.test(text)) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** How long a Wait lasts; a moment that is over is no wait. */
export async function waitMilliseconds(state: StateDefinition, sight: Sight, clock: Clock): Promise<number> {
  const seconds = await evaluateNumber(state.Seconds, sight, 'Seconds');
  if (seconds !== undefined) return seconds * 1000;
  const text = String(await evaluateAs('string', state.Timestamp, sight, 'Timestamp'));
  const moment = parseTimestamp(text);
  if (!moment) {
    throw new EvaluationFault(
      `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${text}`,
      'Timestamp',
      true,
    );
  }
  return Math.max(0, moment.getTime() - clock.now().getTime());
}
