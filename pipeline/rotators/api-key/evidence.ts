import { quote } from '@keyturn/consumer/contracts/quote';
import type { RetirementEvidence } from '../rotator.ts';
import { type ApiKeyVersion, heldId, type KeyAccount } from './key-account.ts';
import type { ListedCredential } from './provider.ts';

/**
 * Who still uses the previous key. The bound after which every consumer has the new one must be over. Where the vendor says
 * when a key was last used, a use after that bound and within the quiet period speaks against retirement.
 */
export async function gatherUseEvidence(
  account: KeyAccount,
  versions: { current: ApiKeyVersion; previous: ApiKeyVersion; promotedAt: Date },
  now: Date,
): Promise<RetirementEvidence> {
  const { settings, provider } = account;
  const listed = await provider.listOwn();
  const [current, previous] = [versions.current, versions.previous].map(
    (version) => heldId(account, version, listed).id,
  );
  if (previous !== undefined && previous === current) {
    return { blockers: [], observed: 'the key is the same as before: there is none to retire' };
  }
  const acceptedSeconds = settings.provider === 'generated' ? settings.acceptPreviousSeconds : 0;
  const seconds = settings.convergenceBoundSeconds + acceptedSeconds;
  const notBefore = new Date(versions.promotedAt.getTime() + seconds * 1000);
  const bound = `consumers converge within ${settings.convergenceBoundSeconds} seconds of ${versions.promotedAt.toISOString()}`;
  const lastUsed = listed.find((item) => item.id === previous)?.lastUsed;
  if (!lastUsed) return { blockers: [], notBefore, observed: bound };
  const converged = versions.promotedAt.getTime() + settings.convergenceBoundSeconds * 1000;
  return {
    blockers: isRecent(lastUsed, { since: converged, now, quietSeconds: settings.quietPeriodSeconds })
      ? [{ name: lastUsed.by, since: lastUsed.at }]
      : [],
    notBefore,
    observed: `${bound}; the key ${quote(previous, [])} was last used at ${lastUsed.at.toISOString()}`,
  };
}

function isRecent(
  lastUsed: NonNullable<ListedCredential['lastUsed']>,
  { since, now, quietSeconds }: { since: number; now: Date; quietSeconds: number },
): boolean {
  const at = lastUsed.at.getTime();
  return at > since && now.getTime() - at < quietSeconds * 1000;
}
