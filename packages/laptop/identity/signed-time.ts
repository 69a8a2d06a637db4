import { AwsError } from '../cloud.ts';
import type { PresentedSignature } from './credentials.ts';

/** Services of the query protocol grant a quarter of an hour, the others five minutes. */
const patientServices = new Set(['iam', 'sts', 'sns', 'rds', 'cloudformation', 'ec2']);

/**
 * Refuses a signature of another time. `now` is the wall clock, which callers sign by, whatever time the cloud has.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
 */
export function checkTime(signature: PresentedSignature, service: string, now: number): void {
  const { timestamp, date, expiresSeconds } = signature;
  const signed = readSignedTime(timestamp);
  if (signed === undefined) {
    throw new AwsError('IncompleteSignatureException', "Date must be in ISO-8601 'basic format'.");
  }
  const written = basicDate(signed);
  if (!written.startsWith(date)) {
    throw invalidSignature(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date.slice(0, 32)}' != '${written.slice(0, 8)}', from '${written}'.`,
    );
  }
  const minutes = patientServices.has(service) ? 15 : 5;
  const earliest = now - (expiresSeconds === undefined ? minutes * 60_000 : expiresSeconds * 1000);
  const latest = now + minutes * 60_000;
  const at = basicDate(now);
  if (signed < earliest) {
    const granted = expiresSeconds === undefined ? `${minutes} min.` : `${expiresSeconds} sec.`;
    throw invalidSignature(
      `Signature expired: ${written} is now earlier than ${basicDate(earliest)} (${at} - ${granted})`,
    );
  }
  if (signed > latest) {
    throw invalidSignature(
      `Signature not yet current: ${written} is still later than ${basicDate(latest)} (${at} + ${minutes} min.)`,
    );
  }
}

/** `20260102T030405Z`, or the text of a Date header, as milliseconds since 1970. */
export function readSignedTime(text: string): number | undefined {
  const basic = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  const [, year, month, day, hour, minute, second] = basic ?? [];
  const time = Date.parse(basic ? `${year}-${month}-${day}T${hour}:${minute}:${second}Z` : text);
  return Number.isNaN(time) ? undefined : time;
}

export const basicDate = (time: number) => new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');

/** The time as a string to sign writes it: a Date header is signed in the basic format too. */
export function signedTimestamp(text: string): string {
  const time = readSignedTime(text);
  return time === undefined ? text : basicDate(time);
}

const invalidSignature = (message: string) => new AwsError('InvalidSignatureException', message);
