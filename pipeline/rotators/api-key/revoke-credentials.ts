import { isSameSecret } from '@keyturn/consumer/contracts/same-secret';
import type { ApiKeyPayload } from '../../contracts/payloads/api-key.ts';
import { TargetRefused } from '../errors.ts';
import type { SweptVersions } from '../rotator.ts';
import { credentialName } from './credential.ts';
import { type ApiKeyVersion, credentialOf, heldId, heldKey, type KeyAccount } from './key-account.ts';
import { judgeListed } from './orphans.ts';
import type { ListedCredential } from './provider.ts';

/** Revokes orphans and what spent versions hold; strangers are left alone. */
export async function sweepCredentials(
  account: KeyAccount,
  token: string,
  versions: SweptVersions<ApiKeyPayload>,
): Promise<void> {
  const { provider, stem } = account;
  const { known, currentSince, isSettled } = versions;
  const listed = await provider.listOwn();
  if (listed.length === 0) return;
  const spent = withoutWantedKeys(account, versions);
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
  // What is listed was made before `revoke` asks the guard: of a rotation that has made one of them, a label is there to be seen.
  for (const item of judged.revoke) await provider.revoke(item.id);
}

/** The spent versions, without those whose key a wanted one holds too: a person put the same key again, perhaps without its id. */
function withoutWantedKeys(
  account: KeyAccount,
  { known, spent }: Pick<SweptVersions<ApiKeyPayload>, 'known' | 'spent'>,
): ApiKeyVersion[] {
  const wanted = known.filter((version) => !spent.includes(version));
  const wantedKeys = wanted.map((version) => heldKey(account, version));
  return spent.filter((version) => {
    const key = heldKey(account, version);
    return key === undefined || !wantedKeys.some((wantedKey) => isSameSecret(wantedKey, key));
  });
}

/** Revokes what a candidate holds that was never promoted. Nothing is there, or it is the current one's: nothing is done. */
export async function revokeCandidate(
  account: KeyAccount,
  versions: { current: ApiKeyVersion; candidate: ApiKeyVersion },
): Promise<void> {
  if (isSameSecret(heldKey(account, versions.candidate), heldKey(account, versions.current))) return;
  await revokeHeld(account, versions.current, versions.candidate);
}

/**
 * Revokes what the previous version holds; answers whether that is another credential than the current one's. In this order:
 * 1. It holds the same credential as the current one (only metadata was changed by hand): nothing.
 * 2. Its id is known: revoked.
 * 3. The id is not known, and the key works no longer: it is gone.
 * 4. Else a person has to do it.
 */
export async function revokePrevious(
  account: KeyAccount,
  versions: { current: ApiKeyVersion; previous: ApiKeyVersion },
): Promise<boolean> {
  const { provider, secretName, settings } = account;
  const held = credentialOf(account, versions.previous);
  if (isSameSecret(held.key, heldKey(account, versions.current))) return false;
  if (await revokeHeld(account, versions.current, versions.previous)) return true;
  const { verdict } = await provider.verify(held);
  if (verdict === 'refused') return true;
  throw new TargetRefused(
    `${secretName}: the id of the previous key is not known, so it was not revoked. Revoke it at the vendor, then retire again; ` +
      `put values with the id at ${settings.idPointer} from now on.`,
  );
}

/**
 * Revokes what a version holds, unless the current one holds the same; the vendor's list is asked only where the secret does
 * not say the id. Answers whether the id is known.
 */
async function revokeHeld(account: KeyAccount, current: ApiKeyVersion, version: ApiKeyVersion): Promise<boolean> {
  const { provider, stem } = account;
  const ids = (listed: readonly ListedCredential[]) =>
    [current, version].map((one) => heldId(account, one, listed).id) as [string | undefined, string | undefined];
  const known = ids([]);
  if (!known.includes(undefined)) {
    if (known[1] !== known[0]) await provider.revoke(known[1] as string);
    return true;
  }
  const listed = await provider.listOwn();
  const [inUse, held] = ids(listed);
  if (held === undefined) return false;
  // Known by its name only: whatever else has that name came of a create whose answer was lost.
  const name = credentialName(stem, version.versionId);
  const namesakes = known[1] === undefined ? listed.filter((item) => item.name === name).map((item) => item.id) : [];
  for (const id of new Set([held, ...namesakes])) if (id !== inUse) await provider.revoke(id);
  return true;
}
