import type { Finding, FindingCode, Repair } from '../contracts/audit.ts';
import type { ObservedSecret } from './observed.ts';

/** A step, its retries and an event's delivery take no longer. */
export const SETTLING_MILLISECONDS = 15 * 60_000;

/** Looks at one aspect of what was observed. Pure. */
export type Rule = (observed: ObservedSecret, now: Date) => Finding[];

/** How a finding ends: a repair that `doctor` can make, or what a person does, as a command or a sentence. */
export type WayOut = { readonly repair: Repair; readonly isSafe: boolean } | { readonly person: string };

/** A finding in the words that every one has: who, what, and the way out. */
export function finding(
  { secret }: Pick<ObservedSecret, 'secret'>,
  code: FindingCode,
  message: string,
  wayOut: WayOut,
  versionId?: string,
): Finding {
  const about = {
    code,
    secretArn: secret.arn,
    secretName: secret.name,
    ...(versionId && { versionId }),
    message: `${secret.name}: ${message}`,
  };
  if ('person' in wayOut) return { ...about, command: wayOut.person, isSafe: false };
  const { repair, isSafe } = wayOut;
  const command = `keyturn doctor ${secret.name} --repair${isSafe ? '' : ' --yes'}`;
  return { ...about, command, repair, isSafe };
}

/** The value is in a file, so that it stands in no process's arguments. https://docs.aws.amazon.com/cli/latest/reference/secretsmanager/put-secret-value.html */
export function putValue(secretName: string): string {
  return `aws secretsmanager put-secret-value --secret-id ${secretName} --secret-string file://VALUE_FILE`;
}

/** `3 days`, `40 minutes`: how long ago or how late, as people say it. */
export function howLong(milliseconds: number): string {
  const [unit, size] = units.find(([, one]) => milliseconds >= 2 * one) ?? units.at(-1)!;
  return `${Math.floor(milliseconds / size)} ${unit}`;
}

const units: readonly (readonly [string, number])[] = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
  ['seconds', 1_000],
];

/** A label without a date is taken to be old: labels do not get there by themselves. */
export function ageOf(since: Date | undefined, now: Date): number {
  return since ? now.getTime() - since.getTime() : Number.MAX_SAFE_INTEGER;
}
