import { acceptedKeys, isAcceptedKey } from './contracts/accepted-keys.ts';
import { defaultProvider, withPrefix } from './defaults.ts';
import { parseJson } from './read-config.ts';
import type { VersionedReader } from './versioned-reader.ts';

export interface ApiKeyAcceptorOptions {
  /** Name or ARN of the secret that holds the keys that your service issues. */
  readonly secretId: string;
  /** JSON pointer to the key in a JSON secret. @default '/api_key' */
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
  async accepts(presented: string): Promise<boolean> {
    const { value, versionId } = await this.#provider.getVersioned(this.#secretId);
    if (isAcceptedKey(presented, this.#keysOf(value))) return true;
    const newest = await this.#provider.refetch(this.#secretId, { seenVersionId: versionId, reason: 'unknown key' });
    return newest.changed && isAcceptedKey(presented, this.#keysOf(newest.value));
  }

  #keysOf(value: string): string[] {
    if (!value.trimStart().startsWith('{')) return [value.trim()];
    const now = new Date((this.#options.now ?? Date.now)());
    const object = parseJson(this.#secretId, value) as Record<string, unknown>;
    return acceptedKeys(object, { keyPointer: this.#options.keyPointer, now });
  }
}
