import { createHash } from 'node:crypto';

/** The one variable of ours: changing it makes Lambda replace every environment. */
export const RECYCLE_VARIABLE = 'KEYTURN_SECRET_VERSION';

const ENTRY = /^([0-9a-f]{8})=([\w.:+-]{1,24})$/;

/**
 * What the variable says: for each item that a function was recycled for, the version that its environments began with.
 * `1f0c9a2b=keyturn-3f2a91bc,77ab01cd=12`. Several rotations at once each change their own entry.
 */
export function readMarks(value: string | undefined): Map<string, string> {
  const entries = (value ?? '').split(',').map((entry) => ENTRY.exec(entry));
  return new Map(entries.flatMap((entry) => (entry ? [[entry[1] as string, entry[2] as string] as const] : [])));
}

/** The variable's value with one item's entry set; the order does not depend on who came first. */
export function withMark(value: string | undefined, item: RecycledItem): string {
  const marks = readMarks(value).set(...markOf(item));
  return [...marks]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, version]) => `${key}=${version}`)
    .join(',');
}

export function hasMark(value: string | undefined, item: RecycledItem): boolean {
  const [key, version] = markOf(item);
  return readMarks(value).get(key) === version;
}

/** A secret or a parameter, at one version. */
export interface RecycledItem {
  readonly itemArn: string;
  readonly versionId: string;
}

/** Short, since all variables of a function share four kilobytes. */
function markOf({ itemArn, versionId }: RecycledItem): [key: string, version: string] {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  const isShort = ENTRY.test(`00000000=${versionId}`);
  return [hash(itemArn).slice(0, 8), isShort ? versionId : hash(versionId).slice(0, 16)];
}
