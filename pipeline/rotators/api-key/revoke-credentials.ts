import type { ApiKeyPayload } from '../../contracts/payloads/api-key.ts';
import { TargetRefused } from '../errors.ts';
import type { SweptVersions } from '../rotator.ts';
import { credentialName } from './credential.ts';
import { type ApiKeyVersion, credentialOf, heldId, type KeyAccount } from './key-account.ts';
import { judgeListed } from './orphans.ts';

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
  const { current, candidate } = await idsOf(account, versions);
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
  const { current, previous } = await idsOf(account, versions);
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

async function idsOf<Name extends string>(
  account: KeyAccount,
  versions: Record<Name, ApiKeyVersion>,
): Promise<Record<Name, string | undefined>> {
  const named = Object.entries(versions) as [Name, ApiKeyVersion][];
  const known = named.map(([name, version]) => [name, heldId(account, version, []).id] as const);
  if (known.every(([, id]) => id !== undefined)) return Object.fromEntries(known) as Record<Name, string>;
  const listed = await account.provider.listOwn();
  return Object.fromEntries(named.map(([name, version]) => [name, heldId(account, version, listed).id])) as Record<
    Name,
    string | undefined
  >;
}
