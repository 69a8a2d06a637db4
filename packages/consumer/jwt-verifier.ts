import { jwtAlgorithms } from './contracts/jwt.ts';
import { defaultProvider, withPrefix } from './defaults.ts';
import { ConfigurationInvalidError, SecretError, type TokenRefusal, TokenRefusedError } from './errors.ts';
import { type JwksOptions, JwksSource, publicAlgorithms } from './jwks-source.ts';
import { type Key, observeShortKeys, secretVerificationKeys, type VerificationKey } from './jwt-keys.ts';
import type { TokenClaims } from './jwt-signer.ts';
import { loadJose } from './load-jose.ts';
import { toJwtPayload } from './read-config.ts';
import type { VersionedReader } from './versioned-reader.ts';

/** What a token must say. */
interface ExpectedClaims {
  /** @default - the secret's jwt_issuer; with a JWKS, none */
  readonly issuer?: string | string[];
  /** @default - the secret's jwt_audience; with a JWKS, none */
  readonly audience?: string | string[];
  /**
   * What the claim `client_id` must be. Access tokens of Cognito carry it in place of `aud`.
   * https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
   * @default - not looked at
   */
  readonly clientId?: string | string[];
  /** How far the clocks of signer and verifier may differ. @default 5 */
  readonly clockToleranceSeconds?: number;
  /** Milliseconds since 1970. @default - the system's time */
  readonly now?: () => number;
}

export type JwtVerifierOptions = ExpectedClaims &
  (
    | {
        /** Name or ARN of a secret with the JWT fields. */
        readonly secretId: string;
        /** @default - the shared provider */
        readonly provider?: VersionedReader;
      }
    | {
        /** The address at which the issuer publishes its public keys. */
        readonly jwks: JwksOptions;
        /** @default - every asymmetric algorithm */
        readonly algorithms?: readonly string[];
      }
  );

export interface VerifiedToken<Claims extends TokenClaims = TokenClaims> {
  readonly claims: Claims;
  readonly kid: string | undefined;
  readonly alg: string;
}

interface KeySet {
  readonly keys: readonly VerificationKey[];
  readonly versionId: string | undefined;
  readonly issuer?: string | string[];
  readonly audience?: string | string[];
}

interface KeySource {
  keys(): Promise<KeySet>;
  refetch(seenVersionId: string | undefined, reason: string): Promise<KeySet & { changed: boolean }>;
  readonly algorithms: readonly string[];
}

/**
 * Verifies tokens with the key ring of a secret, or with an issuer's JWKS. A token with an unknown key makes it read the
 * keys again, at most once per cooldown. So a rotation refuses no token, and a flood of invented keys causes no reads.
 *
 * @example
 * ```ts
 * import { JwtVerifier } from '@keyturn/consumer/jwt';
 *
 * const own = new JwtVerifier({ secretId: 'shop/jwt' });
 * const partner = new JwtVerifier({
 *   jwks: { url: 'https://login.partner.example/.well-known/jwks.json' },
 *   issuer: 'https://login.partner.example',
 *   audience: 'shop',
 * });
 *
 * export const handler = async (event: { token: string; isPartner: boolean }) => {
 *   const { claims } = await (event.isPartner ? partner : own).verify(event.token);
 *   return claims.sub;
 * };
 * ```
 */
export class JwtVerifier {
  readonly #options: JwtVerifierOptions;
  readonly #source: KeySource;
  readonly #now: () => number;

  constructor(options: JwtVerifierOptions) {
    for (const name of ['issuer', 'audience', 'clientId'] as const) refuseBlank(name, options[name]);
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#source = 'jwks' in options ? jwksSource(options) : new SecretKeySource(options, this.#now);
  }

  /**
   * Verifies signature, algorithm, expiry (required), issuer, audience and client.
   * @throws TokenRefusedError | the errors of the provider or of the JWKS
   */
  async verify<Claims extends TokenClaims = TokenClaims>(token: string): Promise<VerifiedToken<Claims>> {
    const header = await this.#header(token);
    const set = await this.#source.keys();
    const verified = await this.#tryKeys<Claims>(token, header, set);
    if (verified) return verified;
    const isNamed = header.kid !== undefined && candidates(set, header).length > 0;
    if (isNamed) throw refused('signature', 'its signature does not fit the key that it names');
    const reason = header.kid === undefined ? 'no key fits' : 'unknown kid';
    const newest = await this.#source.refetch(set.versionId, reason);
    const again = newest.changed ? await this.#tryKeys<Claims>(token, header, newest) : undefined;
    if (again) return again;
    throw header.kid === undefined
      ? refused('signature', 'none of the keys in use has signed it')
      : refused('unknown-key', 'it names a key that is not in use');
  }

  async #header(token: string): Promise<{ alg: string; kid: string | undefined }> {
    const { decodeProtectedHeader } = await loadJose();
    try {
      const { alg, kid } = decodeProtectedHeader(token);
      if (alg && this.#source.algorithms.some((accepted) => sameAlgorithm(accepted, alg))) return { alg, kid };
    } catch (error) {
      throw refused('malformed', 'it is not a JSON Web Token', error);
    }
    throw refused('malformed', 'its algorithm is not one that is accepted here');
  }

  /** Tries the keys in turn. Undefined: no key has signed the token. A token with a good signature and bad claims throws. */
  async #tryKeys<Claims extends TokenClaims>(
    token: string,
    header: { alg: string; kid: string | undefined },
    set: KeySet,
  ): Promise<VerifiedToken<Claims> | undefined> {
    const { jwtVerify } = await loadJose();
    const { issuer = set.issuer, audience = set.audience, clockToleranceSeconds = 5 } = this.#options;
    for (const candidate of candidates(set, header)) {
      const key = await importOrSkip(candidate, header.alg);
      if (!key) continue;
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [header.alg],
          currentDate: new Date(this.#now()),
          clockTolerance: clockToleranceSeconds,
          requiredClaims: ['exp'],
          ...(issuer && { issuer }),
          ...(audience && { audience }),
        });
        this.#checkClient(payload);
        return { claims: payload as Claims, kid: header.kid, alg: header.alg };
      } catch (error) {
        if (error instanceof TokenRefusedError) throw error;
        if ((error as { code?: string }).code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') continue;
        throw explainRefusal(error);
      }
    }
    return undefined;
  }

  #checkClient(claims: Readonly<Record<string, unknown>>): void {
    const { clientId } = this.#options;
    if (clientId === undefined || [clientId].flat().includes(claims.client_id as string)) return;
    throw refused('claim', 'its claim "client_id" is missing or not accepted');
  }
}

/**
 * An option that is there and says nothing would switch its check off, as `process.env.ISSUER ?? ''` does where ISSUER is not
 * set.
 */
function refuseBlank(name: string, value: unknown): void {
  if (value === undefined) return;
  const texts: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (texts.length > 0 && texts.every((text) => typeof text === 'string' && text.trim() !== '')) return;
  throw new ConfigurationInvalidError(
    `${name}: expected a text that is not empty, or a list of such. Leave the option out if it is not to be checked.`,
  );
}

/** Skips a published key that does not fit the token's algorithm. A key of the secret that cannot be used is an error. */
async function importOrSkip(candidate: VerificationKey, alg: string): Promise<Key | undefined> {
  try {
    return await candidate.import(alg);
  } catch (error) {
    if (error instanceof SecretError) throw error;
    return undefined;
  }
}

/** `Ed25519` is the name of RFC 9864 for what RFC 8037 calls `EdDSA`. https://www.rfc-editor.org/rfc/rfc9864 */
const sameAlgorithm = (one: string, other: string) => edwards(one) === edwards(other);
const edwards = (alg: string) => (alg === 'Ed25519' ? 'EdDSA' : alg);

/** A key without a name fits every token. A key with a name fits tokens that name it, and tokens that name none. */
function candidates({ keys }: KeySet, header: { alg: string; kid: string | undefined }): VerificationKey[] {
  return keys.filter(
    ({ kid, alg }) =>
      (alg === undefined || sameAlgorithm(alg, header.alg)) &&
      (kid === undefined || header.kid === undefined || kid === header.kid),
  );
}

class SecretKeySource implements KeySource {
  readonly algorithms = jwtAlgorithms;
  readonly #provider: VersionedReader;
  readonly #secretId: string;
  readonly #now: () => number;
  /** The imported keys of the last value. The value is the same object for as long as it is cached. */
  #imported: { value: unknown; keys: Map<string, Promise<Key>> } = { value: undefined, keys: new Map() };

  constructor(options: { secretId: string; provider?: VersionedReader }, now: () => number) {
    this.#provider = options.provider ?? defaultProvider();
    this.#secretId = withPrefix(options.secretId);
    this.#now = now;
  }

  async keys(): Promise<KeySet> {
    return this.#keySet(await this.#provider.getVersioned<unknown>(this.#secretId, { transform: 'json' }));
  }

  async refetch(seenVersionId: string | undefined, reason: string): Promise<KeySet & { changed: boolean }> {
    const newest = await this.#provider.refetch<unknown>(this.#secretId, { seenVersionId, reason, transform: 'json' });
    return { ...this.#keySet(newest), changed: newest.changed };
  }

  #keySet({ value, versionId }: { value: unknown; versionId: string | undefined }): KeySet {
    const payload = toJwtPayload(this.#secretId, value);
    if (this.#imported.value !== value) {
      this.#imported = { value, keys: new Map() };
      observeShortKeys(this.#provider, this.#secretId, payload, new Date(this.#now()));
    }
    const imported = this.#imported.keys;
    const keys = secretVerificationKeys(this.#secretId, payload, new Date(this.#now())).map((key) => ({
      ...key,
      import: (alg: string) => {
        const known = imported.get(key.kid ?? '') ?? key.import(alg);
        imported.set(key.kid ?? '', known);
        return known;
      },
    }));
    return { keys, versionId, issuer: payload.jwt_issuer, audience: payload.jwt_audience };
  }
}

function jwksSource({
  jwks,
  algorithms = jwtAlgorithms,
}: Extract<JwtVerifierOptions, { jwks: JwksOptions }>): KeySource {
  const source = new JwksSource(jwks);
  return {
    keys: () => source.keys(),
    refetch: (seenVersionId, reason) => source.refetch(seenVersionId, reason),
    algorithms: publicAlgorithms(algorithms),
  };
}

function explainRefusal(error: unknown): TokenRefusedError {
  switch ((error as { code?: string }).code) {
    case 'ERR_JWT_EXPIRED':
      return refused('expired', 'it has expired', error);
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return refused('claim', `its claim "${(error as { claim?: string }).claim}" is missing or not accepted`, error);
    default:
      return refused('malformed', 'it cannot be verified', error);
  }
}

function refused(refusal: TokenRefusal, why: string, cause?: unknown): TokenRefusedError {
  return new TokenRefusedError(refusal, `The token was refused: ${why}.`, cause === undefined ? {} : { cause });
}
