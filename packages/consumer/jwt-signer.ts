import { defaultProvider, withPrefix } from './defaults.ts';
import { ConfigurationInvalidError } from './errors.ts';
import { type Key, observeShortKeys, signingKey } from './jwt-keys.ts';
import { loadJose } from './load-jose.ts';
import { toJwtPayload } from './read-config.ts';
import type { VersionedReader } from './versioned-reader.ts';

/** The lifetime where the secret names none. The pipeline assumes the same, and keeps a key until its tokens have ended. */
const DEFAULT_TOKEN_LIFETIME_SECONDS = 3_600;

export interface JwtSignerOptions {
  /** Name or ARN of a secret with the JWT fields. */
  readonly secretId: string;
  /** @default - the shared provider */
  readonly provider?: VersionedReader;
  /** Milliseconds since 1970. @default - the system's time */
  readonly now?: () => number;
}

export type TokenClaims = Record<string, unknown> & {
  iss?: string;
  sub?: string;
  aud?: string | string[];
  exp?: number;
  nbf?: number;
  iat?: number;
  jti?: string;
};

interface Signing {
  /** The parsed secret. It is the same object for as long as it is cached. */
  readonly value: unknown;
  readonly kid: string | undefined;
  readonly alg: string;
  readonly key: Key;
  readonly defaults: { iss?: string; aud?: string | string[] };
  readonly lifetimeSeconds: number;
}

/**
 * Signs tokens with the current key of a secret. The header names the key, so that every verifier finds it.
 *
 * @example
 * ```ts
 * import { JwtSigner } from '@keyturn/consumer/jwt';
 *
 * const signer = new JwtSigner({ secretId: 'shop/jwt' });
 *
 * export const handler = async () => ({ token: await signer.sign({ sub: 'ann' }, { expiresInSeconds: 900 }) });
 * ```
 */
export class JwtSigner {
  readonly #provider: VersionedReader;
  readonly #secretId: string;
  readonly #now: () => number;
  #signing: Signing | undefined;

  constructor(options: JwtSignerOptions) {
    this.#provider = options.provider ?? defaultProvider();
    this.#secretId = withPrefix(options.secretId);
    this.#now = options.now ?? Date.now;
  }

  /**
   * Issuer, audience and lifetime come from the secret where the claims do not name them. A token should not live longer
   * than the secret's jwt_access_token_expire_minutes, because its key leaves the ring after that time.
   * @throws ConfigurationInvalidError | SecretMalformedError | the provider's errors
   */
  async sign(claims: TokenClaims, options: { expiresInSeconds?: number } = {}): Promise<string> {
    const { kid, alg, key, defaults, lifetimeSeconds } = await this.#current();
    const { SignJWT } = await loadJose();
    const issuedAt = Math.floor(this.#now() / 1000);
    const expiresAt = issuedAt + lifetimeOf(options.expiresInSeconds, lifetimeSeconds);
    return new SignJWT({ ...defaults, iat: issuedAt, exp: expiresAt, ...givenClaims(claims) })
      .setProtectedHeader({ alg, typ: 'JWT', ...(kid && { kid }) })
      .sign(key);
  }

  async #current(): Promise<Signing> {
    const { value } = await this.#provider.getVersioned<unknown>(this.#secretId, { transform: 'json' });
    if (this.#signing && this.#signing.value === value) return this.#signing;
    const payload = toJwtPayload(this.#secretId, value);
    observeShortKeys(this.#provider, this.#secretId, payload, new Date(this.#now()));
    const minutes = payload.jwt_access_token_expire_minutes;
    this.#signing = {
      value,
      ...(await signingKey(this.#secretId, payload)),
      defaults: {
        ...(payload.jwt_issuer && { iss: payload.jwt_issuer }),
        ...(payload.jwt_audience && { aud: payload.jwt_audience }),
      },
      lifetimeSeconds: minutes === undefined ? DEFAULT_TOKEN_LIFETIME_SECONDS : Math.ceil(minutes * 60),
    };
    return this.#signing;
  }
}

function lifetimeOf(asked: number | undefined, lifetimeSeconds: number): number {
  if (asked === undefined) return lifetimeSeconds;
  if (typeof asked === 'number' && Number.isFinite(asked) && asked > 0) return Math.ceil(asked);
  throw new ConfigurationInvalidError(
    'expiresInSeconds: expected a number of seconds above 0, came something else. Convert a text with Number().',
  );
}

/** A claim that is undefined is as good as missing: it does not take the place of issuer, audience or expiry. */
function givenClaims(claims: TokenClaims): TokenClaims {
  const given = Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined)) as TokenClaims;
  for (const name of ['exp', 'nbf', 'iat'] as const) {
    if (Object.hasOwn(given, name) && !Number.isFinite(given[name])) {
      throw new ConfigurationInvalidError(
        `Claim "${name}": expected a number of seconds since 1970, came something else.`,
      );
    }
  }
  return given;
}
