import type { Finding, FindingCode, Repair } from '../contracts/audit.ts';
import type { ObservedSecret } from './observed.ts';

/** A step, its retries and an event's delivery take no longer. */
export const SETTLING_MILLISECONDS = 15 * 60_000;

/** Looks at one aspect of what was observed. Pure. */
export type Rule = (observed: ObservedSecret, now: Date) => Finding[];

/** A finding in the words that every one has: who, what, and the command that mends it. */
export function finding(
  { secret }: Pick<ObservedSecret, 'secret'>,
  code: FindingCode,
  message: string,
  more: { versionId?: string; repair?: Repair; isSafe?: boolean; command?: string } = {},
): Finding {
  const { versionId, repair, isSafe = false } = more;
  const mend = repair ? ` --repair${isSafe ? '' : ' --yes'}` : '';
  return {
    code,
    secretArn: secret.arn,
    secretName: secret.name,
    ...(versionId && { versionId }),
    message: `${secret.name}: ${message}`,
    command: more.command ?? `keyturn doctor ${secret.name}${mend}`,
    ...(repair && { repair }),
    isSafe: repair !== undefined && isSafe,
  };
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

/** What has no date is taken to be old: labels do not get there by themselves. */
export function ageOf(since: Date | undefined, now: Date): number {
  return since ? now.getTime() - since.getTime() : Number.MAX_SAFE_INTEGER;
}
