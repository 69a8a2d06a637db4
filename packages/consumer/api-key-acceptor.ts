import { acceptedKeys, isAcceptedKey } from './contracts/accepted-keys.ts';
import { defaultProvider, withPrefix } from './defaults.ts';
import { parseJson } from './read-config.ts';
import type { VersionedReader } from './versioned-reader.ts';

export interface ApiKeyAcceptorOptions {
  /** Name or ARN of the secret that holds the keys which we issue. */
  readonly secretId: string;
  /** Where the key lies in a JSON secret. @default '/api_key' */
  readonly keyPointer?: string;
  /** @default - the shared provider */
  readonly provider?: VersionedReader;
  /** Milliseconds since 1970. @default - the system's time */
  readonly now?: () => number;
}

/**
 * Judges keys that callers present, where we are their issuer: the current one, the next, and the previous until its
 * time. A key that it does not know is looked for once per cooldown, so no caller is refused in a rotation and a flood
 * of made-up keys asks nobody.
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

  /** In a time that tells nothing of the keys. @throws SecretMalformedError | the provider's errors */
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
