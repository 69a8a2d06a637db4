import { createHash } from 'node:crypto';
import { textAt, withText } from '@keyturn/consumer/contracts/json-pointer';
import type { ApiKeyPayload } from '../../contracts/payloads/api-key.ts';
import type { ApiKeySettings } from '../../contracts/settings/api-key.ts';
import { PayloadInvalid } from '../errors.ts';
import type { CurrentCredential, KeyProvider, ListedCredential, NewCredential } from './provider.ts';

/** The key of a payload, and its id where it stands beside it. @throws PayloadInvalid naming secret and place */
export function readCredential(
  secretName: string,
  settings: ApiKeySettings,
  payload: ApiKeyPayload,
): CurrentCredential {
  if (payload.form === 'text') {
    if (settings.provider !== 'iam-access-key') return { key: payload.text };
    throw new PayloadInvalid(
      `${secretName}: an access key is two texts. Expected a JSON object with them at ${settings.idPointer} and ${settings.keyPointer}.`,
    );
  }
  const { object } = payload;
  const key = textAt(object, settings.keyPointer);
  if (key === undefined) {
    throw new PayloadInvalid(
      `${secretName}: no text at ${settings.keyPointer}, where the API key is expected. Put it there, or write "keyPointer" in the manifest.`,
    );
  }
  const id = textAt(object, settings.idPointer);
  return { key, ...(id !== undefined && { id }), object };
}

/** The payload with a new credential in it: a plain string stays one, an object keeps whatever else is in it. */
export function withCredential(
  settings: ApiKeySettings,
  payload: ApiKeyPayload,
  credential: NewCredential,
): ApiKeyPayload {
  if (payload.form === 'text') return { form: 'text', text: credential.key };
  const { members = {} } = credential;
  const kept = Object.entries({ ...payload.object, ...members }).filter(([, value]) => value !== undefined);
  const withKey = withText(Object.fromEntries(kept), settings.keyPointer, credential.key);
  return { form: 'object', object: withText(withKey, settings.idPointer, credential.id) };
}

export function serializePayload(payload: ApiKeyPayload): string {
  return payload.form === 'text' ? payload.text : JSON.stringify(payload.object);
}

/** What names of this secret's credentials begin with: short and of a modest alphabet, since vendors are particular. */
export function nameStem(prefix: string, secretArn: string): string {
  return `${prefix}${digest(secretArn, 8)}-`;
}

/** The name of the credential that a version holds: from it the version is known, and from the version it. */
export function credentialName(stem: string, versionId: string): string {
  return `${stem}${digest(versionId, 16)}`;
}

/**
 * The id of a version's credential: 1. as it stands in the secret; 2. as the key itself says; 3. as the vendor lists it
 * under the version's name. Undefined: it is not known, or no longer listed.
 */
export function credentialId(
  version: { versionId: string; credential: CurrentCredential },
  provider: KeyProvider,
  known: { stem: string; listed: readonly ListedCredential[] },
): string | undefined {
  const { key, id } = version.credential;
  if (id !== undefined) return id;
  const derived = provider.idOf?.(key, known.listed);
  if (derived !== undefined || provider.orphans !== 'name') return derived;
  const name = credentialName(known.stem, version.versionId);
  return known.listed.find((listed) => listed.name === name)?.id;
}

function digest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
