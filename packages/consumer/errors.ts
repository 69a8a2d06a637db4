import { GetParameterError } from '@aws-lambda-powertools/parameters/errors';
import { quote } from './contracts/quote.ts';
import { judgeAws } from './contracts/verdicts/aws.ts';

/**
 * The base of every error of this library. Each error has a stable `code`, keeps its `cause`, and says what to try next.
 * No message holds a secret's value. Code that catches Powertools' GetParameterError catches these errors too.
 *
 * @example
 * ```ts
 * import { getApiKey, SecretError } from '@keyturn/consumer';
 *
 * export const handler = async () => {
 *   try {
 *     return { isSet: (await getApiKey('shop/vendor-key')) !== '' };
 *   } catch (error) {
 *     if (!(error instanceof SecretError)) throw error;
 *     // `SecretNotFoundError`, `SecretAccessDeniedError` and so on.
 *     return { code: error.code, advice: error.message, isWorthAnotherTry: error.retryable };
 *   }
 * };
 * ```
 */
export abstract class SecretError extends GetParameterError {
  abstract readonly code: string;
  /** Whether trying again later may help. */
  readonly retryable: boolean = false;
  /** The HTTP status of a request that ends with this error, as Express reads it. Callers do not learn why. */
  readonly status: number = 500;

  /** The same, as middy and http-errors read it. */
  get statusCode(): number {
    return this.status;
  }

  /** Messages name secrets and addresses, so http-errors and middy do not show them to callers. */
  get expose(): boolean {
    return false;
  }

  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    Object.defineProperty(this, 'name', { get: () => this.code, configurable: true });
  }
}

/** The account and region have no secret or parameter of that name, or it has no value under that label. */
export class SecretNotFoundError extends SecretError {
  readonly code = 'SecretNotFoundError';
}

/** The role is not allowed to read the secret or parameter, or to use its KMS key. */
export class SecretAccessDeniedError extends SecretError {
  readonly code = 'SecretAccessDeniedError';
}

/** The store did not answer or throttled the call, and the cache has no value that may be served. */
export class SecretUnavailableError extends SecretError {
  readonly code = 'SecretUnavailableError';
  override readonly retryable = true;
  override readonly status = 503;
}

/** The environment has no AWS credentials, or AWS does not accept them. */
export class CredentialsInvalidError extends SecretError {
  readonly code = 'CredentialsInvalidError';
}

/** The value is not of the form that its reader needs. */
export class SecretMalformedError extends SecretError {
  readonly code = 'SecretMalformedError';
}

/** A setting is missing, in the options and in the environment. */
export class ConfigurationMissingError extends SecretError {
  readonly code = 'ConfigurationMissingError';
}

/** A setting cannot be used, or would turn a protection off. */
export class ConfigurationInvalidError extends SecretError {
  readonly code = 'ConfigurationInvalidError';
}

/**
 * A request with a key was redirected to another origin, or too often. The other origin got nothing.
 *
 * @example
 * ```ts
 * import { RedirectRefusedError, rotatingFetch } from '@keyturn/consumer';
 *
 * const vendor = rotatingFetch({ secretId: 'shop/vendor-key' });
 *
 * export const handler = async () => {
 *   try {
 *     return (await vendor('https://api.vendor.example/v1/export')).status;
 *   } catch (error) {
 *     // The message names both origins.
 *     if (error instanceof RedirectRefusedError) return error.message;
 *     throw error;
 *   }
 * };
 * ```
 */
export class RedirectRefusedError extends SecretError {
  readonly code = 'RedirectRefusedError';
}

export type TokenRefusal = 'malformed' | 'unknown-key' | 'signature' | 'expired' | 'claim';

/**
 * A token was refused. `refusal` names the reason: its form, key, signature, time or claims.
 *
 * @example
 * ```ts
 * import { TokenRefusedError } from '@keyturn/consumer';
 * import { JwtVerifier } from '@keyturn/consumer/jwt';
 *
 * const verifier = new JwtVerifier({ secretId: 'shop/jwt' });
 *
 * export const handler = async (event: { token: string }) => {
 *   try {
 *     return { statusCode: 200, body: (await verifier.verify(event.token)).claims.sub };
 *   } catch (error) {
 *     if (error instanceof TokenRefusedError) return { statusCode: 401, body: error.refusal };
 *     throw error;
 *   }
 * };
 * ```
 */
export class TokenRefusedError extends SecretError {
  readonly code = 'TokenRefusedError';
  override readonly status = 401;
  readonly refusal: TokenRefusal;

  constructor(refusal: TokenRefusal, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.refusal = refusal;
  }
}

/** The names of a store and its items in messages. */
export interface StoreWords {
  /** `Secret`, `Parameter` */
  readonly item: string;
  readonly store: string;
  /** The IAM action that a read needs. */
  readonly action: string;
}

/** What the stores answer for a KMS key that cannot be used at the moment. */
const isOfKey = /KMS|Decryption|InvalidKeyId/;

const isThrottling = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/;

/** What the SDK throws before it sends anything, because this machine is not set up. */
function explainSetting(error: unknown, cause: { cause: unknown }): SecretError | undefined {
  const { name, message = '' } = Object(error) as { name?: string; message?: string };
  // https://github.com/smithy-lang/smithy-typescript: config-resolver, regionConfig
  if (/^Region is missing/.test(message)) {
    return new ConfigurationMissingError('No AWS region is known. Set AWS_REGION, or give the client a region.', cause);
  }
  if (name === 'TokenProviderError' || (name === 'CredentialsProviderError' && /\bSSO\b/.test(message))) {
    return new CredentialsInvalidError(
      'The AWS session of this machine has ended, or was not begun: run aws sso login with the profile in use.',
      cause,
    );
  }
  return undefined;
}

/** Turns an error of a store into an error that says what to try next. */
export function explainReadError(words: StoreWords, name: string, error: unknown): SecretError {
  if (error instanceof SecretError) return error;
  const { item, store, action } = words;
  // The name of an SDK's error is read from the answer.
  const code = error instanceof Error ? quote(error.name, []) : 'unknown';
  const cause = { cause: error };
  const verdict = judgeAws(error);
  const setting = explainSetting(error, cause);
  if (setting) return setting;
  if (verdict === 'refused') {
    return new CredentialsInvalidError(
      `${item} ${name} could not be read: the AWS credentials are missing or not accepted (${code}). Check the function's role, or the profile and the clock of this machine.`,
      cause,
    );
  }
  if (verdict !== 'wrong') {
    const lookAt = isOfKey.test(code)
      ? 'Look at its KMS key: it may be disabled'
      : isThrottling.test(code)
        ? `${store} throttles this account: read less often, for instance with a longer SECRET_CACHE_TTL`
        : `Check the network path to ${store}`;
    return new SecretUnavailableError(
      `${item} ${name} could not be read (${code}), and no value is warm that may still be served. ${lookAt}; the next read tries again.`,
      cause,
    );
  }
  switch (code) {
    case 'ResourceNotFoundException':
    case 'ParameterNotFound':
    case 'ParameterVersionNotFound':
      return new SecretNotFoundError(
        `${item} ${name} was not found, or has no value under that label. Check its name, the account and the region (AWS_REGION).`,
        cause,
      );
    case 'InvalidRequestException':
      return new SecretNotFoundError(
        `${item} ${name} cannot be read: it is scheduled for deletion or has no value yet. Restore it, or put a value.`,
        cause,
      );
    case 'AccessDeniedException':
      return new SecretAccessDeniedError(
        `Reading ${item.toLowerCase()} ${name} was refused. Grant the function's role ${action} on it, and kms:Decrypt on its key.`,
        cause,
      );
    case 'InvalidKeyId':
      return new SecretAccessDeniedError(
        `${item} ${name} could not be decrypted. Grant the function's role kms:Decrypt on its key, and check that the key exists.`,
        cause,
      );
    case 'InvalidParameterException':
    case 'ValidationException':
      return new ConfigurationInvalidError(
        `${store} does not accept the request for ${name}: correct its name, version or label. The cause says which.`,
        cause,
      );
    default:
      return new SecretUnavailableError(
        `${item} ${name} could not be read: ${store} answers ${code}. The cause says why; the next read tries again.`,
        cause,
      );
  }
}
