import { GetParameterError } from '@aws-lambda-powertools/parameters/errors';
import { quote } from './contracts/quote.ts';

/**
 * The base of every error of this library. It extends Powertools' GetParameterError, so that code written against
 * Powertools goes on catching it. Each has a stable code, keeps its cause and says what to try next; never a value.
 */
export abstract class SecretError extends GetParameterError {
  abstract readonly code: string;
  /** Whether trying again later may help. */
  readonly retryable: boolean = false;

  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    Object.defineProperty(this, 'name', { get: () => this.code, configurable: true });
  }
}

/** No secret or parameter of that name in this account and region, or not yet a value under that label. */
export class SecretNotFoundError extends SecretError {
  readonly code = 'SecretNotFoundError';
}

/** The role may not read it, or may not use its KMS key. */
export class SecretAccessDeniedError extends SecretError {
  readonly code = 'SecretAccessDeniedError';
}

/** The store did not answer, or throttled, and no value is warm. */
export class SecretUnavailableError extends SecretError {
  readonly code = 'SecretUnavailableError';
  override readonly retryable = true;
}

/** There are no AWS credentials, or AWS does not accept them. */
export class CredentialsInvalidError extends SecretError {
  readonly code = 'CredentialsInvalidError';
}

/** The value is there, but is not what its kind needs. */
export class SecretMalformedError extends SecretError {
  readonly code = 'SecretMalformedError';
}

/** Neither a secret nor the environment says where to connect to. */
export class ConfigurationMissingError extends SecretError {
  readonly code = 'ConfigurationMissingError';
}

/** A setting says something that cannot be done, or that would give up a protection unasked. */
export class ConfigurationInvalidError extends SecretError {
  readonly code = 'ConfigurationInvalidError';
}

/** A request that carries a key was redirected to another origin, or too often. Nothing was sent there. */
export class RedirectRefusedError extends SecretError {
  readonly code = 'RedirectRefusedError';
}

export type TokenRefusal = 'malformed' | 'unknown-key' | 'signature' | 'expired' | 'claim';

/** A token was refused: its form, key, signature, time or claims. */
export class TokenRefusedError extends SecretError {
  readonly code = 'TokenRefusedError';
  readonly refusal: TokenRefusal;

  constructor(refusal: TokenRefusal, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.refusal = refusal;
  }
}

/** How a store is called in what people read. */
export interface StoreWords {
  /** `Secret`, `Parameter` */
  readonly item: string;
  readonly store: string;
  /** The IAM action that a read needs. */
  readonly action: string;
}

const credentialErrors = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'IncompleteSignature',
  'UnrecognizedClientException',
]);

/** Turns an error of a store into one that says what to try next. */
export function explainReadError(words: StoreWords, name: string, error: unknown): SecretError {
  if (error instanceof SecretError) return error;
  const { item, store, action } = words;
  // The name of an SDK's error is read from the answer.
  const code = error instanceof Error ? quote(error.name, []) : 'unknown';
  const cause = { cause: error };
  if (credentialErrors.has(code)) {
    return new CredentialsInvalidError(
      `${item} ${name} could not be read: the AWS credentials are missing or not accepted (${code}). Check the function's role, or the profile and the clock of this machine.`,
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
    case 'DecryptionFailure':
    case 'InvalidKeyId':
      return new SecretAccessDeniedError(
        `${item} ${name} could not be decrypted. Grant the function's role kms:Decrypt on its key, and check that the key is enabled.`,
        cause,
      );
    case 'InvalidParameterException':
    case 'ValidationException':
      return new ConfigurationInvalidError(
        `${store} does not accept what was asked of ${name}: correct its name, version or label. The cause says which.`,
        cause,
      );
    default:
      return new SecretUnavailableError(
        `${item} ${name} could not be read (${code}), and no value is warm that may still be served. Check the network path to ${store}; the next read tries again.`,
        cause,
      );
  }
}
