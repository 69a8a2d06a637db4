import { GetParameterError } from '@aws-lambda-powertools/parameters/errors';

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

/** No secret of that name in this account and region, or not yet a value under that label. */
export class SecretNotFoundError extends SecretError {
  readonly code = 'SecretNotFoundError';
}

/** The role may not read the secret, or may not use its KMS key. */
export class SecretAccessDeniedError extends SecretError {
  readonly code = 'SecretAccessDeniedError';
}

/** Secrets Manager did not answer, or throttled, and no value is warm. */
export class SecretUnavailableError extends SecretError {
  readonly code = 'SecretUnavailableError';
  override readonly retryable = true;
}

/** The value is there, but is not what its kind needs. */
export class SecretMalformedError extends SecretError {
  readonly code = 'SecretMalformedError';
}

/** Neither a secret nor the environment says where to connect to. */
export class ConfigurationMissingError extends SecretError {
  readonly code = 'ConfigurationMissingError';
}

/** A token was refused: signature, claims or key. */
export class TokenRefusedError extends SecretError {
  readonly code = 'TokenRefusedError';
}

/** Turns an error of Secrets Manager into one that says what to try next. */
export function explainReadError(secretId: string, error: unknown): SecretError {
  if (error instanceof SecretError) return error;
  const name = error instanceof Error ? error.name : 'unknown';
  switch (name) {
    case 'ResourceNotFoundException':
      return new SecretNotFoundError(
        `Secret ${secretId} was not found, or has no value under that label. Check its name, the account and the region (AWS_REGION).`,
        { cause: error },
      );
    case 'AccessDeniedException':
      return new SecretAccessDeniedError(
        `Reading secret ${secretId} was refused. Grant the function's role secretsmanager:GetSecretValue on it, and kms:Decrypt on its key.`,
        { cause: error },
      );
    case 'DecryptionFailure':
      return new SecretAccessDeniedError(
        `Secret ${secretId} could not be decrypted. Grant the function's role kms:Decrypt on its key, and check that the key is enabled.`,
        { cause: error },
      );
    case 'InvalidRequestException':
      return new SecretNotFoundError(
        `Secret ${secretId} cannot be read: it is scheduled for deletion or has no value yet. Restore it, or put a value.`,
        { cause: error },
      );
    default:
      return new SecretUnavailableError(
        `Secret ${secretId} could not be read (${name}), and no value is warm. Check the network path to Secrets Manager; the next read tries again.`,
        { cause: error },
      );
  }
}
