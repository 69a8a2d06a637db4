import { credentialName } from './credential.ts';
import type { ListedCredential, OrphanRule } from './provider.ts';

/** A version as orphans are judged by it: the id is undefined where it is not known. */
export interface HeldId {
  readonly versionId: string;
  readonly id: string | undefined;
  /** The secret itself holds the id. Otherwise it was looked up by the version's name, which a lost create carries too. */
  readonly isTold?: boolean;
}

export interface Judged {
  /** To revoke. */
  readonly revoke: ListedCredential[];
  /** Another application's, or of unknown origin: left alone. */
  readonly strangers: ListedCredential[];
}

/**
 * What of the listed credentials may go. Pure. In this order:
 * 1. A version that is wanted holds its id, or carries its name: kept. Not for the name alone where the secret holds
 *    another id that the vendor lists under that very name: this one was made by a request whose answer was lost.
 * 2. A version that is spent does (it failed, or its grace is over), or it has the name of the candidate that is about to
 *    be made: revoked.
 * 3. It may be what a version held that lost its label within the grace period: a stranger, for now.
 * 4. Orphans are known by name: revoked if it carries a name of this secret, else a stranger.
 * 5. Orphans are known as ids that no version holds, but of some wanted version the id is not known, or the list does not
 *    show the one in use: any could be it. A stranger.
 * 6. It is older than the one in use, or was used, where that speaks against an orphan: a stranger.
 * 7. Else: an orphan, revoked.
 */
export function judgeListed(
  listed: readonly ListedCredential[],
  held: {
    readonly wanted: readonly HeldId[];
    readonly spent: readonly HeldId[];
    readonly current: HeldId;
    readonly stem: string;
    /** The candidate's name, where it has not been stored. */
    readonly unstoredName?: string;
    readonly currentSince: Date;
    readonly isSettled: boolean;
  },
  rule: OrphanRule,
): Judged {
  const inUse = listed.find((item) => item.id === held.current.id);
  const isNamedAfter = (version: HeldId, item: ListedCredential) =>
    item.name === credentialName(held.stem, version.versionId);
  const isCertain = (version: HeldId) =>
    version.isTold === true && listed.some((item) => item.id === version.id && isNamedAfter(version, item));
  const isWanted = (version: HeldId, item: ListedCredential) =>
    version.id === item.id || (isNamedAfter(version, item) && !isCertain(version));
  const isSpent = (version: HeldId, item: ListedCredential) => version.id === item.id || isNamedAfter(version, item);
  const isSince = ({ createdAt }: ListedCredential) => createdAt !== undefined && createdAt >= held.currentSince;
  const judge = (item: ListedCredential): 'keep' | 'revoke' | 'stranger' => {
    if (held.wanted.some((version) => isWanted(version, item))) return 'keep';
    if (held.spent.some((version) => isSpent(version, item))) return 'revoke';
    if (held.unstoredName !== undefined && item.name === held.unstoredName) return 'revoke';
    if (!held.isSettled && !isSince(item)) return 'stranger';
    if (rule === 'name') return item.name?.startsWith(held.stem) ? 'revoke' : 'stranger';
    if (rule === 'none' || !inUse || held.wanted.some((version) => version.id === undefined)) return 'stranger';
    if (rule === 'every') return 'revoke';
    const isOlder = inUse.createdAt !== undefined && item.createdAt !== undefined && item.createdAt < inUse.createdAt;
    return isOlder || item.lastUsed ? 'stranger' : 'revoke';
  };
  return {
    revoke: listed.filter((item) => judge(item) === 'revoke'),
    strangers: listed.filter((item) => judge(item) === 'stranger'),
  };
}
