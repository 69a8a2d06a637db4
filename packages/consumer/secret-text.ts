import { SecretMalformedError } from './errors.ts';

/** A value as a store returns it. */
export type StoredValue = string | Uint8Array | undefined;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Returns the text of a secret's value. A binary value is taken as UTF-8, and a byte order mark is taken away.
 * @throws SecretMalformedError where there is no value, or its bytes are not text
 */
export function textOf(secretId: string, value: StoredValue): string {
  if (typeof value === 'string') return value.replace(/^\ufeff/, '');
  if (value === undefined) throw new SecretMalformedError(`Secret ${secretId} has no value. Put one.`);
  try {
    return utf8.decode(value);
  } catch {
    // The cause says nothing more.
    throw new SecretMalformedError(
      `Secret ${secretId} holds ${value.byteLength} bytes that are not text. Store it as SecretString, or read it with provider.get().`,
    );
  }
}
