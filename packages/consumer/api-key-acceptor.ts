import { acceptedKeys, isAcceptedKey } from './contracts/accepted-keys.ts';
import { textAt } from './contracts/json-pointer.ts';
import { defaultProvider, withPrefix } from './defaults.ts';
import { SecretMalformedError } from './errors.ts';
import { apiKeyOf, parseJson, usualKeyFields } from './read-config.ts';
import { type StoredValue, textOf } from './secret-text.ts';
import type { VersionedReader } from './versioned-reader.ts';

export interface ApiKeyAcceptorOptions {
  /** Name or ARN of the secret that holds the keys that your service issues. */
  readonly secretId: string;
  /** JSON pointer to the key in a JSON secret. @default - api_key, apiKey, key or token */
  readonly keyPointer?: string;
  /** @default - the shared provider */
  readonly provider?: VersionedReader;
  /** Milliseconds since 1970. @default - the system's time */
  readonly now?: () => number;
}

/**
 * Checks the API keys that callers present to your service, where your service issues them. It accepts the current key,
 * the next one, and the previous one until its time is over. An unknown key makes it read the secret again, at most once
 * per cooldown. So a rotation refuses no caller, and a flood of invented keys causes no reads.
 *
 * @example
 * ```ts
 * import { ApiKeyAcceptor } from '@keyturn/consumer';
 *
 * const partners = new ApiKeyAcceptor({ secretId: 'shop/partner-key' });
 *
 * export const handler = async (event: { headers: Record<string, string | undefined> }) => {
 *   const isKnown = await partners.accepts(event.headers['x-api-key'] ?? '');
 *   return { statusCode: isKnown ? 200 : 401 };
 * };
 * ```
 */
export class ApiKeyAcceptor {
  readonly #options: ApiKeyAcceptorOptions;
  readonly #provider: VersionedReader;
  readonly #secretId: string;

  constructor(options: ApiKeyAcceptorOptions) {
    this.#options = options;
    this.#provider = options.provider ?? defaultProvider();
    this.#secretId = withPrefix(options.secretId);
  }

  /** Whether the key is accepted now. The comparison takes constant time. @throws SecretMalformedError | the provider's errors */
  async accepts(presented: string | undefined): Promise<boolean> {
    const { value, versionId } = await this.#provider.getVersioned<StoredValue>(this.#secretId);
    const keys = this.#keysOf(value);
    // A caller that presents nothing is refused. An unset header is undefined in JavaScript.
    if (typeof presented !== 'string' || presented === '') return false;
    if (isAcceptedKey(presented, keys)) return true;
    const newest = await this.#provider.refetch<StoredValue>(this.#secretId, {
      seenVersionId: versionId,
      reason: 'unknown key',
    });
    return newest.changed && isAcceptedKey(presented, this.#keysOf(newest.value));
  }

  #keysOf(value: StoredValue): string[] {
    const secretId = this.#secretId;
    const text = textOf(secretId, value);
    // A plain key: the same blank text is refused that getApiKey refuses.
    if (!text.trimStart().startsWith('{')) return [apiKeyOf(secretId, text)];
    const object = parseJson(secretId, text) as Record<string, unknown>;
    const keyPointer = this.#options.keyPointer ?? usualPointerIn(object);
    const now = new Date((this.#options.now ?? Date.now)());
    const keys = acceptedKeys(object, { keyPointer, now });
    if (textAt(object, keyPointer) !== undefined) return keys;
    throw new SecretMalformedError(
      `Secret ${secretId}: expected an API key as text at ${keyPointer}. Name its place: new ApiKeyAcceptor({ secretId, keyPointer }).`,
    );
  }
}

/** The fields in which getApiKey looks, in its order. */
function usualPointerIn(object: Readonly<Record<string, unknown>>): string {
  const field = usualKeyFields.find((name) => textAt(object, `/${name}`) !== undefined);
  return `/${field ?? 'api_key'}`;
}
