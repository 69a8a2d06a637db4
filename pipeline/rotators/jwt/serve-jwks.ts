import { createHash } from 'node:crypto';
import type { KeyRing, StoredJwtPayload } from '@keyturn/consumer/contracts/jwt';
import { publicJwk, verificationKeys } from '@keyturn/consumer/contracts/key-ring';
import * as v from 'valibot';
import { takeOver } from './next-ring.ts';

/**
 * Where verifiers look for a key set. RFC 8414 names no path; these are the usual ones. A stage of an API and the base path of
 * a custom domain stand before them: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
const documentPath =
  /^(?<base>(?:\/[\w.~-]+)*?)\/(?:(?<discovery>\.well-known\/openid-configuration)|(?:\.well-known\/)?jwks\.json)$/;

/** So long one read of the secret serves; it counts towards the age that an answer may reach. */
const READ_SECONDS = 30;

/**
 * The HTTP request as a function URL or an HTTP API sends it, format 2.0.
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
export const HttpRequest = v.object({
  rawPath: v.optional(v.string(), '/'),
  headers: v.optional(v.record(v.string(), v.optional(v.string())), {}),
  requestContext: v.object({
    http: v.object({ method: v.string() }),
    domainName: v.optional(v.pipe(v.string(), v.regex(/^[\w.-]{1,253}(:\d{1,5})?$/, 'a host name'))),
    stage: v.optional(v.string()),
  }),
});
export type HttpRequest = v.InferOutput<typeof HttpRequest>;

export interface HttpResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface JwksDependencies {
  /** Reads AWSCURRENT of the one secret whose keys are served. */
  read(): Promise<StoredJwtPayload>;
  readonly secretName: string;
  now(): Date;
  /** For so long verifiers may hold an answer: after an emergency, a revoked key is accepted by them for so long. */
  readonly maxAgeSeconds: number;
  warn(message: string, error: unknown): void;
}

/**
 * Serves the public keys of a ring as a JWKS: next, current, and previous while its tokens live. Private parts are not
 * in it, nor symmetric keys, which have no public part. `Cache-Control` promises what is true: no answer is older than
 * `maxAgeSeconds` when it leaves the last cache, nor shows a key past the moment until which it verifies.
 */
export function createJwksServer(dependencies: JwksDependencies): (request: HttpRequest) => Promise<HttpResponse> {
  const held = new HeldRing(dependencies);
  return async (request) => {
    const { method } = request.requestContext.http;
    const wanted = documentOf(request);
    if (!wanted) return plain(404, 'There is nothing here. The keys are at /.well-known/jwks.json.');
    if (method !== 'GET' && method !== 'HEAD') return plain(405, 'Use GET.', { allow: 'GET, HEAD' });
    const found = await held.get();
    // Verifiers go on with the keys they hold; an older answer than was promised would not help them.
    if (!found) return plain(503, 'The keys cannot be read now.', { 'retry-after': '5' });
    const { ring, readAt, issuer } = found;
    const now = dependencies.now();
    const keys = verificationKeys(ring, now)
      .map(publicJwk)
      .filter((key) => key !== undefined);
    const shown = wanted.isDiscovery ? discoveryOf(issuer, wanted.keysUrl, keys) : { keys };
    if (!shown) return plain(404, 'The secret has no "jwt_issuer" that is an https URL, or the request has no host.');
    const body = JSON.stringify(shown);
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
    const headers = {
      'content-type': wanted.isDiscovery ? 'application/json' : 'application/jwk-set+json',
      'cache-control': `public, max-age=${freshSeconds(dependencies, { ring, readAt }, now)}, must-revalidate`,
      etag,
      'x-content-type-options': 'nosniff',
    };
    if (matches(request.headers['if-none-match'], etag)) return { statusCode: 304, headers, body: '' };
    return { statusCode: 200, headers, body: method === 'HEAD' ? '' : body };
  };
}

interface Wanted {
  readonly isDiscovery: boolean;
  /** Where this function serves the keys, as its caller has reached it. Undefined: the caller named no host. */
  readonly keysUrl: string | undefined;
}

/** The root, also behind a stage, is the key set too. */
function documentOf({ rawPath, requestContext: { domainName, stage } }: HttpRequest): Wanted | undefined {
  const root = stage === undefined || stage === '$default' ? '' : `/${stage}`;
  if (rawPath === root || rawPath === `${root}/`) return { isDiscovery: false, keysUrl: undefined };
  const found = documentPath.exec(rawPath)?.groups;
  if (!found) return undefined;
  const keysUrl = domainName && `https://${domainName}${found.base}/.well-known/jwks.json`;
  return { isDiscovery: found.discovery !== undefined, keysUrl };
}

/** What a JWT authorizer of API Gateway reads: the issuer, which is the tokens' own, and where the keys are. */
function discoveryOf(
  issuer: string | undefined,
  keysUrl: string | undefined,
  keys: readonly Record<string, unknown>[],
): Record<string, unknown> | undefined {
  if (!issuer || !/^https:\/\//.test(issuer) || !keysUrl) return undefined;
  return {
    issuer,
    jwks_uri: keysUrl,
    response_types_supported: ['token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(keys.map(({ alg }) => alg))],
  };
}

interface Held {
  readonly ring: KeyRing;
  readonly issuer: string | undefined;
  readonly readAt: Date;
}

/** The ring last read, one read at a time; undefined when it cannot be read and what is held is too old. */
class HeldRing {
  readonly #dependencies: JwksDependencies;
  #held: Held | undefined;
  #reading: Promise<void> | undefined;

  constructor(dependencies: JwksDependencies) {
    this.#dependencies = dependencies;
  }

  async get(): Promise<Held | undefined> {
    const { maxAgeSeconds } = this.#dependencies;
    if (this.#isYounger(Math.min(READ_SECONDS, maxAgeSeconds))) return this.#held;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    return this.#isYounger(maxAgeSeconds) ? this.#held : undefined;
  }

  async #read(): Promise<void> {
    const { read, secretName, now } = this.#dependencies;
    const readAt = now();
    try {
      const payload = await read();
      const ring = payload.jwt_key_ring ?? { current: await takeOver(secretName, payload) };
      this.#held = { ring, issuer: payload.jwt_issuer, readAt };
    } catch (error) {
      this.#dependencies.warn('The secret of the key set could not be read.', error);
    }
  }

  #isYounger(seconds: number): boolean {
    return this.#held !== undefined && ageSeconds(this.#held.readAt, this.#dependencies.now()) < seconds;
  }
}

function freshSeconds(
  { maxAgeSeconds }: JwksDependencies,
  { ring, readAt }: { ring: KeyRing; readAt: Date },
  now: Date,
): number {
  const bounds = [maxAgeSeconds - ageSeconds(readAt, now)];
  const until = ring.previous?.verifyUntil === undefined ? undefined : Date.parse(ring.previous.verifyUntil);
  if (until !== undefined && until > now.getTime()) bounds.push((until - now.getTime()) / 1000);
  return Math.max(0, Math.floor(Math.min(...bounds)));
}

function ageSeconds(from: Date, to: Date): number {
  return (to.getTime() - from.getTime()) / 1000;
}

/** RFC 9110, section 13.1.2: weak comparison, and `*` for whatever there is. */
function matches(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  const tags = condition.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

function plain(statusCode: number, text: string, more: Record<string, string> = {}): HttpResponse {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...more };
  return { statusCode, headers, body: text };
}
