import { judgeStatus } from '@keyturn/consumer/contracts/verdicts/http-status';
import { CheckInterrupted } from './errors.ts';

/** A vendor that puts the request off, or is out of order, has not looked at it. @throws CheckInterrupted */
export function refuseNotNow(place: string, status: number, expected: string | number): void {
  if (judgeStatus(status) !== 'not-now') return;
  if (status === 429) throw new CheckInterrupted('Throttled', `${place}: too many requests (429).`);
  throw new CheckInterrupted('Unavailable', `${place}: answers ${status}, expected ${expected}.`);
}
