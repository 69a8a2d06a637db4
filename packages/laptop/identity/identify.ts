import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { AwsError, type Principal } from '../cloud.ts';
import type { AdministratorKey } from './administrator-key.ts';
import type { PresentedCredentials, PresentedSignature } from './credentials.ts';
import { administrator } from './principals.ts';
import type { SessionStore } from './sessions.ts';
import { type SignedRequest, verifySignature } from './signature.ts';
import { checkTime, readSignedTime } from './signed-time.ts';

/** Long-term credentials, which IAM keeps. */
export interface LongTermKeys {
  /** `revoked` for a key that was deleted or made inactive; undefined for one that IAM never issued. */
  accessKey(id: string): { secretAccessKey: string; userArn: string } | 'revoked' | undefined;
  /** The user whose service-specific credential of `service` this bearer token is, if it is valid now. */
  bearer(token: string, service: string): { userArn: string } | 'expired' | undefined;
  noteUse(id: string, use: { service: string; region: string }): void;
}

export interface Known {
  readonly administrator: AdministratorKey;
  /** A key that the cloud does not know stands for the administrator, unchecked. */
  readonly anyCredentials: boolean;
  readonly sessions: SessionStore;
  readonly keys: LongTermKeys;
  readonly clock: Clock;
  readonly accountId: string;
  readonly service: string;
  readonly region: string;
  /** What callers sign by: their machine's clock, and ours, whatever time the cloud has. Milliseconds since 1970. */
  readonly wallClock?: () => number;
}

/**
 * Who sends this request. Every key must be one that the cloud knows (the administrator's, a user's, a session's) and must
 * have signed this very request; only `anyCredentials` lets an unknown key stand for the administrator.
 */
export function identify(presented: PresentedCredentials, request: SignedRequest, known: Known): Principal {
  if (presented.kind === 'none')
    throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  if (presented.kind === 'bearer') return identifyBearer(presented.token, known);
  if (presented.kind === 'signed-token') return identifySignedToken(presented, known);
  const { signature } = presented;
  if (signature.accessKeyId.startsWith('ASIA')) return identifySession(signature, request, known);
  const { accessKeyId } = signature;
  if (accessKeyId === known.administrator.accessKeyId) {
    checkSignature(signature, known.administrator.secretAccessKey, request, known);
    return administrator(known.accountId, accessKeyId);
  }
  const key = known.keys.accessKey(accessKeyId);
  if (key === undefined && known.anyCredentials) return administrator(known.accountId, accessKeyId);
  if (key === undefined || key === 'revoked') throw invalidToken();
  checkSignature(signature, key.secretAccessKey, request, known);
  known.keys.noteUse(accessKeyId, known);
  return { kind: 'user', arn: key.userArn, identityArn: key.userArn, accessKeyId };
}

function checkSignature(signature: PresentedSignature, secret: string, request: SignedRequest, known: Known): void {
  checkTime(signature, known.service, (known.wallClock ?? Date.now)());
  if (!verifySignature(signature, secret, request)) throw signatureMismatch();
}

function identifySession(signature: PresentedSignature, request: SignedRequest, known: Known): Principal {
  const { sessions, clock } = known;
  const session = sessions.find(signature.accessKeyId);
  if (!session || !sameText(session.sessionToken, signature.sessionToken ?? '')) throw invalidToken();
  if (session.expiration && session.expiration.getTime() <= clock.now().getTime()) {
    throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired');
  }
  checkSignature(signature, session.secretAccessKey, request, known);
  return session.principal;
}

function identifySignedToken(token: PresentedCredentials & { kind: 'signed-token' }, known: Known): Principal {
  const { signature, query } = token;
  const signed = readSignedTime(signature.timestamp) ?? Number.NaN;
  const expires = signed + (signature.expiresSeconds ?? Number.NaN) * 1000;
  if (!((known.wallClock ?? Date.now)() < expires)) throw bearerRefused('Bearer Token has expired');
  if (signature.region !== known.region) throw bearerRefused('Credential should be scoped to a valid region.');
  const headers = { host: 'bedrock.amazonaws.com' };
  const request = { method: 'POST', path: '/', query, headers, body: new Uint8Array() };
  return identify({ kind: 'signature', signature }, request, known);
}

function identifyBearer(token: string, known: { keys: LongTermKeys; service: string }): Principal {
  const found = known.keys.bearer(token, `${known.service}.amazonaws.com`);
  // https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-use.html: Bedrock answers 403 to a bad key.
  if (found === 'expired') throw bearerRefused('Bearer Token has expired');
  if (!found) throw bearerRefused('Authentication failed: Please make sure your API Key is valid.');
  return { kind: 'user', arn: found.userArn, identityArn: found.userArn };
}

const bearerRefused = (message: string) => new AwsError('AccessDeniedException', message, { httpStatus: 403 });

function sameText(left: string, right: string): boolean {
  const [a, b] = [Buffer.from(left), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function invalidToken(): AwsError {
  return new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.');
}

function signatureMismatch(): AwsError {
  return new AwsError(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
      'and signing method. Consult the service documentation for details.',
  );
}
