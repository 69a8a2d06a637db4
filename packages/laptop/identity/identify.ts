import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { AwsError, type Principal } from '../cloud.ts';
import type { PresentedCredentials, PresentedSignature } from './credentials.ts';
import { administrator } from './principals.ts';
import type { SessionStore } from './sessions.ts';
import { type SignedRequest, verifySignature } from './signature.ts';

/** Long-term credentials, which IAM keeps. */
export interface LongTermKeys {
  /** `revoked` for a key that was deleted or made inactive; undefined for one that IAM never issued. */
  accessKey(id: string): { secretAccessKey: string; userArn: string } | 'revoked' | undefined;
  /** The user whose service-specific credential of `service` this bearer token is, if it is valid now. */
  bearer(token: string, service: string): { userArn: string } | 'expired' | undefined;
  noteUse(id: string, use: { service: string; region: string }): void;
}

export interface Known {
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
 * Who sends this request. In this order: temporary credentials and users' keys that the cloud issued must be valid and
 * have signed the request; temporary ones that it did not issue, and keys that it withdrew, are refused; any other key
 * is a person's and stands for the administrator.
 */
export function identify(presented: PresentedCredentials, request: SignedRequest, known: Known): Principal {
  if (presented.kind === 'none')
    throw new AwsError('MissingAuthenticationTokenException', 'Missing Authentication Token');
  if (presented.kind === 'bearer') return identifyBearer(presented.token, known);
  if (presented.kind === 'signed-token') return identifySignedToken(presented, known);
  const { signature } = presented;
  if (signature.accessKeyId.startsWith('ASIA')) return identifySession(signature, request, known);
  const key = known.keys.accessKey(signature.accessKeyId);
  if (key === 'revoked') throw invalidToken();
  if (key === undefined) return administrator(known.accountId, signature.accessKeyId);
  checkSkew(signature, known);
  if (!verifySignature(signature, key.secretAccessKey, request)) throw signatureMismatch();
  known.keys.noteUse(signature.accessKeyId, known);
  return { kind: 'user', arn: key.userArn, identityArn: key.userArn, accessKeyId: signature.accessKeyId };
}

function identifySession(signature: PresentedSignature, request: SignedRequest, known: Known): Principal {
  const { sessions, clock } = known;
  const session = sessions.find(signature.accessKeyId);
  if (!session || !sameText(session.sessionToken, signature.sessionToken ?? '')) throw invalidToken();
  if (session.expiration && session.expiration.getTime() <= clock.now().getTime()) {
    throw new AwsError('ExpiredTokenException', 'The security token included in the request is expired');
  }
  checkSkew(signature, known);
  if (!verifySignature(signature, session.secretAccessKey, request)) throw signatureMismatch();
  return session.principal;
}

/** Services of the query protocol grant a quarter of an hour, the others five minutes. */
const patientServices = new Set(['iam', 'sts', 'sns', 'rds', 'cloudformation', 'ec2']);

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html: a signature that is too old */
function checkSkew({ timestamp, presigned }: PresentedSignature, { service, wallClock = Date.now }: Known): void {
  if (presigned) return;
  const minutes = patientServices.has(service) ? 15 : 5;
  const now = wallClock();
  const signed = readBasicDate(timestamp);
  if (signed === undefined) {
    throw new AwsError('IncompleteSignatureException', "Date must be in ISO-8601 'basic format'.");
  }
  const earliest = now - minutes * 60_000;
  const latest = now + minutes * 60_000;
  const [written, at] = [basicDate(signed), basicDate(now)];
  if (signed < earliest) {
    throw invalidSignature(
      `Signature expired: ${written} is now earlier than ${basicDate(earliest)} (${at} - ${minutes} min.)`,
    );
  }
  if (signed > latest) {
    throw invalidSignature(
      `Signature not yet current: ${written} is still later than ${basicDate(latest)} (${at} + ${minutes} min.)`,
    );
  }
}

/** `20260102T030405Z`, or the text of a Date header. */
function readBasicDate(text: string): number | undefined {
  const basic = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  const [, year, month, day, hour, minute, second] = basic ?? [];
  const time = Date.parse(basic ? `${year}-${month}-${day}T${hour}:${minute}:${second}Z` : text);
  return Number.isNaN(time) ? undefined : time;
}

const basicDate = (time: number) => new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');

function identifySignedToken(token: PresentedCredentials & { kind: 'signed-token' }, known: Known): Principal {
  const { signature, query } = token;
  const signed = readBasicDate(signature.timestamp) ?? Number.NaN;
  const expires = signed + Number(query.get('X-Amz-Expires')) * 1000;
  if (!(known.clock.now().getTime() < expires)) throw bearerRefused('Bearer Token has expired');
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
  return invalidSignature(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
      'and signing method. Consult the service documentation for details.',
  );
}

const invalidSignature = (message: string) => new AwsError('InvalidSignatureException', message);
