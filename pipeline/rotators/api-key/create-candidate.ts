import type { ApiKeyPayload } from '../../contracts/payloads/api-key.ts';
import type { ApiKeySettings } from '../../contracts/settings/api-key.ts';
import { UnsafeRotation } from '../errors.ts';
import type { Rotation } from '../rotator.ts';
import { credentialName, withCredential } from './credential.ts';
import { type ApiKeyVersion, credentialOf, heldId, type KeyAccount } from './key-account.ts';

/** Makes one credential more, named after the candidate's version where the vendor lets it. */
export async function createCandidate(
  account: KeyAccount,
  rotation: Rotation<ApiKeySettings>,
  current: ApiKeyVersion,
): Promise<ApiKeyPayload> {
  if (!rotation.emergency) await refuseUnknownCurrent(account, current);
  const credential = await account.provider.create({
    name: credentialName(account.stem, rotation.token),
    current: credentialOf(account, current),
    emergency: rotation.emergency,
  });
  return withCredential(account.settings, current.payload, credential);
}

/**
 * The key in use has to be known to the vendor by its id before another is made: otherwise it could never be revoked, and
 * might be taken for an orphan. A key that no longer works has nothing to lose: it is replaced.
 */
async function refuseUnknownCurrent(account: KeyAccount, current: ApiKeyVersion): Promise<void> {
  const { provider, settings, secretName, stem } = account;
  if (provider.orphans === 'none') return;
  const listed = await provider.listOwn();
  const { id } = heldId(account, current, listed);
  const isListed = listed.some((item) => item.id === id);
  // A list may be narrowed to names of ours: an id that stands in the secret is believed.
  if (isListed || (id !== undefined && provider.orphans === 'name')) return;
  const { verdict } = await provider.verify(credentialOf(account, current));
  if (verdict === 'refused') return;
  const rename =
    provider.orphans === 'name' ? `, or name the key ${credentialName(stem, current.versionId)} at the vendor` : '';
  throw new UnsafeRotation(
    id === undefined
      ? `${secretName}: the id of the key in use is not known, so it could not be revoked after the rotation. ` +
          `Put a JSON value with the key at ${settings.keyPointer} and its id at ${settings.idPointer}${rename}.`
      : `${secretName}: the vendor lists no key of id ${id}, which stands at ${settings.idPointer}, but the key works. Put the id that belongs to it.`,
  );
}
