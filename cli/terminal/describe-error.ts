import { oneLine } from '../../pipeline/contracts/grammar/shown-text.ts';
import { KeyturnError } from '../../pipeline/errors.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

export interface DescribedError {
  readonly exitCode: ExitCode;
  /** One line for a person: what is wrong and what to do. */
  readonly message: string;
}

/** Codes of ours that are not `failed`. */
const ours: Readonly<Record<string, ExitCode>> = {
  UsageError: exitCodes.usage,
  InputInvalid: exitCodes.usage,
  ManifestUnsafe: exitCodes.usage,
  ManifestUnreadable: exitCodes.usage,
  AssemblyUnusable: exitCodes.usage,
  FileUnusable: exitCodes.usage,
  NotConfirmed: exitCodes.usage,
  LaptopMissing: exitCodes.notFound,
  NotFound: exitCodes.notFound,
  FleetEmpty: exitCodes.notFound,
  SecretNotManaged: exitCodes.notFound,
  LaptopNotRunning: exitCodes.noEndpoint,
  PortTaken: exitCodes.noEndpoint,
  RotationInGrace: exitCodes.notNow,
  RotationInProgress: exitCodes.notNow,
  CredentialInUse: exitCodes.notNow,
};

const noCredentials = new Set(['CredentialsProviderError', 'TokenProviderError']);
const refusedCredentials = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
  'MissingAuthenticationTokenException',
  'IncompleteSignature',
]);
const denied = new Set(['AccessDenied', 'AccessDeniedException', 'NotAuthorized', 'UnauthorizedOperation']);
const absent = new Set([
  'ResourceNotFoundException',
  'ParameterNotFound',
  'StateMachineDoesNotExist',
  'ExecutionDoesNotExist',
]);
const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'TimeoutError',
]);

/**
 * What an error means to the person who typed the command. In this order: an error of ours; no region; no credentials, or
 * refused ones; not allowed; nothing there; no answer; anything else.
 */
export function describeError(error: unknown): DescribedError {
  const described = (exitCode: ExitCode, message: string) => ({ exitCode, message: oneLine(message) });
  if (error instanceof KeyturnError) return described(ours[error.code] ?? exitCodes.failed, error.message);
  const { name, message } = nameOf(error);
  if (message === 'Region is missing') {
    return described(
      exitCodes.usage,
      'No region is known. Pass --region, or set AWS_REGION; for the laptop: --laptop.',
    );
  }
  if (noCredentials.has(name)) {
    return described(
      exitCodes.noAccess,
      `No AWS credentials: ${message.replace(/\.+$/, '')}. Sign in, set AWS_PROFILE or pass --profile; for the laptop: --laptop.`,
    );
  }
  if (refusedCredentials.has(name))
    return described(exitCodes.noAccess, `AWS refused the credentials: ${name}: ${message}`);
  if (denied.has(name)) return described(exitCodes.noAccess, `Not allowed: ${message}`);
  if (absent.has(name)) return described(exitCodes.notFound, message || name);
  const network = networkCode(error);
  if (network) {
    return described(
      exitCodes.noEndpoint,
      `Nothing answers (${network.code}${network.place}). Is the endpoint right, and is the laptop's cloud running (keyturn local)?`,
    );
  }
  return described(exitCodes.failed, name === 'Error' ? message : `${name}: ${message}`);
}

function nameOf(error: unknown): { name: string; message: string } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  return { name: error.name, message: error.message };
}

/** Node wraps the refusals of several addresses in one error, and fetch wraps the socket's in its own. */
function networkCode(error: unknown): { code: string; place: string } | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, name, address, port, hostname, errors, cause } = error as Record<string, any>;
  for (const candidate of [code, name]) {
    if (typeof candidate !== 'string' || !unreachable.has(candidate)) continue;
    const host = address ?? hostname;
    return { code: candidate, place: host ? ` at ${host}${port ? `:${port}` : ''}` : '' };
  }
  return networkCode(Array.isArray(errors) ? errors[0] : undefined) ?? networkCode(cause);
}
