import type { ApiKeyPayload } from '../../contracts/payloads/api-key.ts';
import { TargetRefused } from '../errors.ts';
import type { SweptVersions } from '../rotator.ts';
import { credentialName } from './credential.ts';
import { type ApiKeyVersion, credentialOf, heldId, type KeyAccount } from './key-account.ts';
import { judgeListed } from './orphans.ts';
import type { ListedCredential } from './provider.ts';

/** Revokes orphans and what spent versions hold; strangers are left alone. */
export async function sweepCredentials(
  account: KeyAccount,
  token: string,
  versions: SweptVersions<ApiKeyPayload>,
): Promise<void> {
  const { provider, stem } = account;
  const { known, spent, currentSince, isSettled } = versions;
  const listed = await provider.listOwn();
  if (listed.length === 0) return;
  const held = (some: ApiKeyVersion[]) => some.map((version) => heldId(account, version, listed));
  const isStored = known.some((version) => version.versionId === token);
  const judged = judgeListed(
    listed,
    {
      current: heldId(account, versions.current, listed),
      wanted: held(known.filter((version) => !spent.includes(version))),
      spent: held(spent),
      stem,
      ...(!isStored && { unstoredName: credentialName(stem, token) }),
      currentSince,
      isSettled,
    },
    provider.orphans,
  );
  for (const item of judged.revoke) await provider.revoke(item.id);
}

/** Revokes what a candidate holds that was never promoted. Nothing is there, or it is the current one's: nothing is done. */
export async function revokeCandidate(
  account: KeyAccount,
  versions: { current: ApiKeyVersion; candidate: ApiKeyVersion },
): Promise<void> {
  const [current, candidate] = await idsOf(account, [versions.current, versions.candidate]);
  if (candidate !== undefined && candidate !== current) await account.provider.revoke(candidate);
}

/**
 * Revokes what the previous version holds. In this order:
 * 1. It holds the same credential as the current one (only metadata was changed by hand): nothing.
 * 2. Its id is known: revoked.
 * 3. The id is not known, and the key works no longer: it is gone.
 * 4. Else a person has to do it.
 */
export async function revokePrevious(
  account: KeyAccount,
  versions: { current: ApiKeyVersion; previous: ApiKeyVersion },
): Promise<void> {
  const { provider, secretName, settings } = account;
  const [current, previous] = await idsOf(account, [versions.current, versions.previous]);
  if (previous !== undefined) {
    if (previous !== current) await provider.revoke(previous);
    return;
  }
  const held = credentialOf(account, versions.previous);
  if (held.key === credentialOf(account, versions.current).key) return;
  const { verdict } = await provider.verify(held);
  if (verdict === 'refused') return;
  throw new TargetRefused(
    `${secretName}: the id of the previous key is not known, so it was not revoked. Revoke it at the vendor, then retire again; ` +
      `put values with the id at ${settings.idPointer} from now on.`,
  );
}

/** The ids of two versions' credentials; the vendor is asked only where the secret does not tell. */
async function idsOf(
  account: KeyAccount,
  versions: readonly [ApiKeyVersion, ApiKeyVersion],
): Promise<[string | undefined, string | undefined]> {
  const ids = (listed: readonly ListedCredential[]): [string | undefined, string | undefined] => [
    heldId(account, versions[0], listed).id,
    heldId(account, versions[1], listed).id,
  ];
  const known = ids([]);
  return known.includes(undefined) ? ids(await account.provider.listOwn()) : known;
}
