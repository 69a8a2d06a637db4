import { createHash } from 'node:crypto';
import * as v from 'valibot';
import type { Fetched } from './cache-slot.ts';
import { quote } from './contracts/quote.ts';
import { placeOf, type Redirect } from './contracts/redirect.ts';
import { type EnvironmentCache, registerCache } from './environment-caches.ts';
import { ConfigurationInvalidError, SecretError, SecretMalformedError, SecretUnavailableError } from './errors.ts';
import { followWithinOrigin } from './fetch-within-origin.ts';
import type { Key, VerificationKey } from './jwt-keys.ts';
import { loadJose } from './load-jose.ts';
import { type CacheOptions, cacheParts } from './provider-options.ts';
import { type CacheRead, transformed, VersionedCache } from './versioned-cache.ts';
import { type HeldVersion, heldVersions } from './versioned-reader.ts';

const MOST_BYTES = 512 * 1024;
const symmetric = /^HS/;

/** The members of a JWK (RFC 7517) that verification needs. */
const Jwk = v.looseObject({
  kty: v.string(),
  kid: v.optional(v.string()),
  alg: v.optional(v.string()),
  use: v.optional(v.string()),
});
/** An entry that is no JWK is ignored: RFC 7517, section 5. */
const Jwks = v.object({ keys: v.array(v.unknown()) });

/** An issuer that says `max-age=0` would have each verification ask it. */
const LEAST_AGE_MILLISECONDS = 30_000;

export interface JwksOptions extends CacheOptions {
  /** `https://issuer/.well-known/jwks.json`. Only addresses of this machine may use http. */
  readonly url: string | URL;
  readonly fetch?: typeof fetch;
}

export interface VerificationKeySet {
  readonly keys: readonly VerificationKey[];
  readonly versionId: string | undefined;
}

/**
 * Reads the public keys at an issuer's URL and caches them like secrets: concurrent misses share one request, an outage is
 * bridged for a bounded time, and an unknown key causes at most one more request per cooldown.
 */
export class JwksSource implements EnvironmentCache {
  readonly #url: URL;
  /** The address without its query. Observations and messages show it. */
  readonly #name: string;
  readonly #fetch: typeof fetch;
  readonly #cache: VersionedCache;
  readonly #imported = new WeakMap<object, VerificationKey[]>();
  /** The last answer that had an ETag, for a conditional request. */
  #last: { readonly etag: string; readonly fetched: Fetched } | undefined;

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
    const made = jwksIn(transformed(this.#name, version, 'json'))
      .filter(({ kty, use }) => kty !== 'oct' && use !== 'enc')
      .map(verificationKey);
    this.#imported.set(version, made);
    return made;
  }

  async #ask(signal: AbortSignal): Promise<Fetched> {
    const accept = 'application/jwk-set+json, application/json';
    const headers = { accept, ...(this.#last && { 'if-none-match': this.#last.etag }) };
    // A server at another address could publish keys of its own.
    const { response, redirect } = await followWithinOrigin(this.#fetch, this.#url, { headers, signal });
    if (response.status === 304 && this.#last) {
      return { ...this.#last.fetched, ...maxAgeOf(response.headers.get('cache-control')) };
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw new SecretUnavailableError(
        `The keys at ${placeOf(this.#url)} could not be read: the issuer answered ${describeAnswer(this.#url, response.status, redirect)}`,
      );
    }
    const text = await response.text();
    if (text.length > MOST_BYTES) throw malformed(this.#url, `at most ${MOST_BYTES} bytes`);
    if (!isJwks(text)) throw malformed(this.#url, 'a JSON Web Key Set with a key in it');
    const fetched = {
      value: text,
      versionId: createHash('sha256').update(text).digest('hex').slice(0, 16),
      otherNames: [],
    };
    const etag = response.headers.get('etag');
    this.#last = etag === null ? undefined : { etag, fetched };
    return { ...fetched, ...maxAgeOf(response.headers.get('cache-control')) };
  }
}

/** Names the target of a redirect, so that its address can be configured if it is the issuer's. */
function describeAnswer(url: URL, status: number, redirect: Redirect | undefined): string {
  if (!redirect) return `${status}.`;
  const to = redirect.leads === 'elsewhere' ? redirect.to : placeOf(redirect.url);
  return `${status}, a redirect from ${url.origin} to ${quote(to, [])}. Redirects to another address are not followed: write the final address, if it is the issuer's.`;
}

function verificationKey({ kid, alg, ...jwk }: v.InferOutput<typeof Jwk>): VerificationKey {
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

/** The entries of a set that are JWKs. */
function jwksIn(set: unknown): v.InferOutput<typeof Jwk>[] {
  const parsed = v.safeParse(Jwks, set);
  if (!parsed.success) return [];
  return parsed.output.keys.flatMap((key) => {
    const jwk = v.safeParse(Jwk, key);
    return jwk.success ? [jwk.output] : [];
  });
}

/** An empty set is one: its issuer has revoked every key. A set without one readable entry is none. */
function isJwks(text: string): boolean {
  try {
    const set: unknown = JSON.parse(text);
    return v.is(Jwks, set) && (set.keys.length === 0 || jwksIn(set).length > 0);
  } catch {
    return false;
  }
}

/** The issuer's Cache-Control may shorten the age, down to half a minute. */
function maxAgeOf(cacheControl: string | null): { maxAgeMilliseconds?: number } {
  const seconds = cacheControl?.match(/(?:^|[\s,])max-age=(\d{1,9})/i)?.[1];
  return seconds === undefined ? {} : { maxAgeMilliseconds: Math.max(Number(seconds) * 1000, LEAST_AGE_MILLISECONDS) };
}

/** A network that changes the answer could publish keys of its own, so the address has TLS. */
function refuseCleartext(url: URL): void {
  if (url.username !== '' || url.password !== '') {
    throw new ConfigurationInvalidError(
      `${url.origin}: give the JWKS as a URL without a login, which public keys do not need.`,
    );
  }
  const isLoopback = ['localhost', '[::1]'].includes(url.hostname) || /^127\./.test(url.hostname);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback)) return;
  throw new ConfigurationInvalidError(
    `${url.origin} has no TLS, so an attacker on the way can replace the keys. Give the JWKS as an https URL.`,
  );
}

function malformed(url: URL, expected: string): SecretMalformedError {
  return new SecretMalformedError(
    `The answer of ${placeOf(url)} cannot be used for verification: expected ${expected}.`,
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

/** Leaves out symmetric algorithms. Everybody knows the keys of a public set, and could sign with them. */
export const publicAlgorithms = (allowed: readonly string[]): string[] => allowed.filter((alg) => !symmetric.test(alg));
