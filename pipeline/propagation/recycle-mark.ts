import { createHash } from 'node:crypto';

/** The one variable of ours: changing it makes Lambda replace every environment. */
export const RECYCLE_VARIABLE = 'KEYTURN_SECRET_VERSION';

const ENTRY = /^([0-9a-f]{8})=([0-9a-f]{8})\.([0-9a-z]{1,10})$/;

/** A secret or a parameter at one version, and when that became current. */
export interface RecycledItem {
  readonly itemArn: string;
  readonly versionId: string;
  readonly promotedAt: Date;
}

/** The promotion that every environment of a function began after. */
interface Mark {
  readonly version: string;
  readonly promotedAtMilliseconds: number;
}

/**
 * What the variable says: for each item that a function was recycled for, the promotion that its environments began after.
 * `1f0c9a2b=3f2a91bc.mm6z4xk0,77ab01cd=a1b2c3d4.mm6z5000`. Several rotations at once each change their own entry.
 */
export function readMarks(value: string | undefined): Map<string, Mark> {
  const entries = (value ?? '').split(',').map((entry) => ENTRY.exec(entry));
  return new Map(
    entries.flatMap((entry) => {
      if (!entry) return [];
      const [, key, version, time] = entry as unknown as [string, string, string, string];
      return [[key, { version, promotedAtMilliseconds: Number.parseInt(time, 36) }] as const];
    }),
  );
}

/** The variable's value with one item's entry set; the order does not depend on who came first. */
export function withMark(value: string | undefined, item: RecycledItem): string {
  const marks = readMarks(value).set(keyOf(item), markOf(item));
  return [...marks]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { version, promotedAtMilliseconds }]) => `${key}=${version}.${promotedAtMilliseconds.toString(36)}`)
    .join(',');
}

/**
 * Whether every environment began after this promotion, or after a later one. The version alone does not answer this: what was
 * rolled back to, or is version 1 of a parameter that was made anew, was current once before.
 */
export function hasMark(value: string | undefined, item: RecycledItem): boolean {
  const found = readMarks(value).get(keyOf(item));
  if (!found) return false;
  const wanted = markOf(item);
  if (found.promotedAtMilliseconds !== wanted.promotedAtMilliseconds) {
    return found.promotedAtMilliseconds > wanted.promotedAtMilliseconds;
  }
  return found.version === wanted.version;
}

/** Short, since all variables of a function share four kilobytes. */
const shortHash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8);

const keyOf = ({ itemArn }: RecycledItem) => shortHash(itemArn);

function markOf({ versionId, promotedAt }: RecycledItem): Mark {
  return { version: shortHash(versionId), promotedAtMilliseconds: promotedAt.getTime() };
}
