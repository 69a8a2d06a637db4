import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { Fetched } from './cache-slot.ts';
import { quote } from './contracts/quote.ts';
import { placeOf, redirectOf } from './contracts/redirect.ts';
import { type EnvironmentCache, registerCache } from './environment-caches.ts';
import { ConfigurationInvalidError, SecretError, SecretMalformedError, SecretUnavailableError } from './errors.ts';
import type { Key, VerificationKey } from './jwt-keys.ts';
import { loadJose } from './load-jose.ts';
import { type CacheOptions, cacheParts } from './provider-options.ts';
import { type CacheRead, transformed, VersionedCache } from './versioned-cache.ts';
import { type HeldVersion, heldVersions } from './versioned-reader.ts';

const MOST_BYTES = 512 * 1024;
const symmetric = /^HS/;

/** RFC 7517, as far as verification needs it. */
const Jwks = v.object({
  keys: v.array(
    v.looseObject({
      kty: v.string(),
      kid: v.optional(v.string()),
      alg: v.optional(v.string()),
      use: v.optional(v.string()),
    }),
  ),
});

export interface JwksOptions extends CacheOptions {
  /** `https://issuer/.well-known/jwks.json`; http only on this machine. */
  readonly url: string | URL;
  readonly fetch?: typeof fetch;
}

export interface VerificationKeySet {
  readonly keys: readonly VerificationKey[];
  readonly versionId: string | undefined;
}

/** The public keys at an issuer's URL, cached like secrets: one flight, stale in an outage, refetched on proof once per cooldown. */
export class JwksSource implements EnvironmentCache {
  readonly #url: URL;
  /** The address without its query, which observations and messages may not show. */
  readonly #name: string;
  readonly #fetch: typeof fetch;
  readonly #cache: VersionedCache;
  readonly #imported = new WeakMap<object, VerificationKey[]>();

  constructor(options: JwksOptions) {
    this.#url = new URL(options.url);
    this.#name = placeOf(this.#url);
    refuseCleartext(this.#url);
    this.#fetch = options.fetch ?? fetch;
    this.#cache = new VersionedCache(cacheParts(options, explain));
    registerCache(this);
  }

  invalidate(name: string, versionId?: string): boolean {
    return this.#cache.invalidate(name, versionId);
  }

  held(): HeldVersion[] {
    return heldVersions(this.#cache);
  }

  async keys(): Promise<VerificationKeySet> {
    const version = await this.#cache.read(this.#read());
    return { keys: this.#keysOf(version), versionId: version.versionId };
  }

  async refetch(seenVersionId: string | undefined, reason: string): Promise<VerificationKeySet & { changed: boolean }> {
    const version = await this.#cache.refetch(this.#read(), { seenVersionId, reason });
    return {
      keys: this.#keysOf(version),
      versionId: version.versionId,
      changed: version.versionId !== seenVersionId,
    };
  }

  #read(): CacheRead {
    return { key: this.#name, name: this.#name, fetch: (signal) => this.#ask(signal) };
  }

  #keysOf(version: Parameters<typeof transformed>[1]): VerificationKey[] {
    const known = this.#imported.get(version);
    if (known) return known;
    const { keys } = transformed(this.#name, version, 'json') as v.InferOutput<typeof Jwks>;
    const made = keys.filter(({ kty, use }) => kty !== 'oct' && use !== 'enc').map(verificationKey);
    this.#imported.set(version, made);
    return made;
  }

  async #ask(signal: AbortSignal): Promise<Fetched> {
    const response = await this.#fetch(this.#url, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      // Who answers at another address could sign tokens. Only the address that was configured is asked.
      redirect: 'manual',
      signal,
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new SecretUnavailableError(
        `The keys at ${placeOf(this.#url)} could not be read: the issuer answered ${describeAnswer(this.#url, response)}`,
      );
    }
    const text = await response.text();
    if (text.length > MOST_BYTES) throw malformed(this.#url, `at most ${MOST_BYTES} bytes`);
    if (!isJwks(text)) throw malformed(this.#url, 'a JSON Web Key Set');
    return {
      value: text,
      versionId: createHash('sha256').update(text).digest('hex').slice(0, 16),
      otherNames: [],
      ...maxAgeOf(response.headers.get('cache-control')),
    };
  }
}

/** A redirect is named by where it leads, so that its address can be configured if it is the issuer's. */
function describeAnswer(url: URL, { status, headers }: Response): string {
  const redirect = redirectOf(url, status, headers.get('location'));
  if (!redirect) return `${status}.`;
  const to = redirect.leads === 'elsewhere' ? redirect.to : placeOf(redirect.url);
  return `${status}, a redirect from ${url.origin} to ${quote(to, [])}. Redirects are not followed: write the final address, if it is the issuer's.`;
}

function verificationKey({ kid, alg, ...jwk }: v.InferOutput<typeof Jwks>['keys'][number]): VerificationKey {
  const imported = new Map<string, Promise<Key>>();
  return {
    kid,
    alg,
    import: (wanted) => {
      const known = imported.get(wanted);
      if (known) return known;
      const made = loadJose().then(async ({ importJWK }) => (await importJWK({ ...jwk, alg: wanted }, wanted)) as Key);
      imported.set(wanted, made);
      return made;
    },
  };
}

function isJwks(text: string): boolean {
  try {
    return v.is(Jwks, JSON.parse(text));
  } catch {
    return false;
  }
}

/** An issuer that wants to be asked again sooner is. */
function maxAgeOf(cacheControl: string | null): { maxAgeMilliseconds?: number } {
  const seconds = cacheControl?.match(/(?:^|[\s,])max-age=(\d{1,9})/i)?.[1];
  return seconds === undefined ? {} : { maxAgeMilliseconds: Number(seconds) * 1000 };
}

/** Whoever can change the answer on its way can sign tokens. */
function refuseCleartext(url: URL): void {
  if (url.username !== '' || url.password !== '') {
    throw new ConfigurationInvalidError(
      `${url.origin}: give the JWKS as a URL without a login, which public keys do not need.`,
    );
  }
  const isLoopback = ['localhost', '[::1]'].includes(url.hostname) || /^127\./.test(url.hostname);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback)) return;
  throw new ConfigurationInvalidError(`${url.origin} is not fit for keys: give the JWKS as an https URL.`);
}

function malformed(url: URL, expected: string): SecretMalformedError {
  return new SecretMalformedError(
    `The answer of ${placeOf(url)} is not what verification needs: expected ${expected}.`,
  );
}

function explain(name: string, error: unknown): SecretError {
  if (error instanceof SecretError) return error;
  const code = error instanceof Error ? quote(error.name, []) : 'unknown';
  return new SecretUnavailableError(
    `The keys at ${name} could not be read (${code}). Check the network path to the issuer; the next token tries again.`,
    { cause: error },
  );
}

/** What a public key set may verify with: never a symmetric algorithm, whose key everybody would know. */
export const publicAlgorithms = (allowed: readonly string[]): string[] => allowed.filter((alg) => !symmetric.test(alg));
