import type { ApiKeyPayload } from '../../contracts/payloads/api-key.ts';
import type { ApiKeySettings } from '../../contracts/settings/api-key.ts';
import { PayloadInvalid } from '../errors.ts';
import type { Rotation, SecretVersion } from '../rotator.ts';
import { bedrockProvider } from './bedrock.ts';
import { credentialId, nameStem, readCredential } from './credential.ts';
import type { ApiKeyDependencies } from './dependencies.ts';
import { generatedProvider } from './generated.ts';
import { httpProvider } from './http-provider.ts';
import { iamAccessKeyProvider } from './iam-access-key.ts';
import type { HeldId } from './orphans.ts';
import type { CurrentCredential, KeyProvider, ListedCredential } from './provider.ts';

export type ApiKeyVersion = SecretVersion<ApiKeyPayload>;

/** One secret's account with its vendor. */
export interface KeyAccount {
  readonly secretName: string;
  readonly settings: ApiKeySettings;
  readonly provider: KeyProvider;
  /** What names of this secret's credentials begin with. */
  readonly stem: string;
}

export function openAccount(dependencies: ApiKeyDependencies, rotation: Rotation<ApiKeySettings>): KeyAccount {
  const { settings, secretArn, secretName } = rotation;
  const prefix = settings.provider === 'http' ? settings.namePrefix : '';
  return {
    secretName,
    settings,
    provider: guardWrites(openProvider(dependencies, settings), rotation),
    stem: nameStem(prefix, secretArn),
  };
}

/**
 * Vendors offer no lock: the guard is asked right before each call that makes or revokes a credential, so no operation can
 * forget it. Where the provider makes keys by itself, a new one exists nowhere outside before it is stored.
 */
function guardWrites(provider: KeyProvider, rotation: Rotation<ApiKeySettings>): KeyProvider {
  return {
    ...provider,
    async create(request) {
      if (provider.orphans !== 'none') await rotation.assertNotOvertaken();
      return provider.create(request);
    },
    async revoke(id) {
      await rotation.assertNotOvertaken();
      await provider.revoke(id);
    },
  };
}

function openProvider(dependencies: ApiKeyDependencies, settings: ApiKeySettings): KeyProvider {
  switch (settings.provider) {
    case 'bedrock':
      return bedrockProvider(dependencies, settings);
    case 'iam-access-key':
      return iamAccessKeyProvider(dependencies, settings);
    case 'generated':
      return generatedProvider(dependencies, settings);
    case 'http':
      return httpProvider(dependencies, settings);
  }
}

/** @throws PayloadInvalid where the version holds no key */
export function credentialOf(account: KeyAccount, version: ApiKeyVersion): CurrentCredential {
  return readCredential(account.secretName, account.settings, version.payload);
}

/** The key of a version, undefined where it holds none. */
export function heldKey(account: KeyAccount, version: ApiKeyVersion): string | undefined {
  try {
    return credentialOf(account, version).key;
  } catch (error) {
    // Versions of other times may have had another form.
    if (error instanceof PayloadInvalid) return undefined;
    throw error;
  }
}

/** The id of a version's credential, undefined where it is not known: also where the version holds no key at all. */
export function heldId(account: KeyAccount, version: ApiKeyVersion, listed: readonly ListedCredential[]): HeldId {
  const { versionId } = version;
  try {
    const credential = credentialOf(account, version);
    const id = credentialId({ versionId, credential }, account.provider, { stem: account.stem, listed });
    return { versionId, id, isTold: credential.id !== undefined };
  } catch (error) {
    // Versions of other times may have had another form; the current one is read strictly where it matters.
    if (error instanceof PayloadInvalid) return { versionId, id: undefined };
    throw error;
  }
}
