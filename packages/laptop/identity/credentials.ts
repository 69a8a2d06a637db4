import { createHash } from 'node:crypto';
import { AwsError } from '../cloud.ts';

/** What a request carries to say who sends it, not yet believed. */
export type PresentedCredentials =
  | { readonly kind: 'signature'; readonly signature: PresentedSignature }
  | { readonly kind: 'bearer'; readonly token: string }
  /** A short-term Bedrock key: a presigned request in disguise, valid for as long as it says. */
  | { readonly kind: 'signed-token'; readonly signature: PresentedSignature; readonly query: URLSearchParams }
  | { readonly kind: 'none' };

export interface PresentedSignature {
  readonly accessKeyId: string;
  /** `20260102` */
  readonly date: string;
  readonly region: string;
  /** Signing name. */
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20260102T030405Z`, or the text of a Date header */
  readonly timestamp: string;
  readonly sessionToken?: string;
  /** How long a signature of the query string is good for, where it says so. */
  readonly expiresSeconds?: number;
}

type Headers = Readonly<Record<string, string>>;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html */
export function readCredentials(headers: Headers, query: URLSearchParams): PresentedCredentials {
  const header = headers.authorization;
  if (header === undefined) {
    if (query.has('X-Amz-Credential') || query.has('X-Amz-Algorithm'))
      return { kind: 'signature', signature: readPresigned(query) };
    return { kind: 'none' };
  }
  const bearer = /^Bearer\s+(\S+)$/i.exec(header);
  if (bearer) return readBearer(bearer[1] as string);
  return { kind: 'signature', signature: readHeader(header, headers) };
}

const SHORT_TERM_KEY = 'bedrock-api-key-';

/** https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys-generate.html: the short-term kind */
function readBearer(token: string): PresentedCredentials {
  if (!token.startsWith(SHORT_TERM_KEY)) return { kind: 'bearer', token };
  const url = Buffer.from(token.slice(SHORT_TERM_KEY.length), 'base64').toString('utf8');
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  // Added behind the signature, and so no part of it.
  query.delete('Version');
  if (!url.startsWith('bedrock.amazonaws.com/?') || query.get('Action') !== 'CallWithBearerToken') {
    return { kind: 'bearer', token };
  }
  return { kind: 'signed-token', signature: readPresigned(query), query };
}

const ALGORITHM = 'AWS4-HMAC-SHA256';
const LONGEST_PRESIGNED_SECONDS = 604_800;

/** Signatures of several regions (SigV4a) and of AWS's older kinds are refused by their names. */
function checkAlgorithm(named: string): void {
  if (named === ALGORITHM) return;
  const hint = named.startsWith('AWS4-ECDSA')
    ? ` The laptop does not check signatures of SigV4a: sign with ${ALGORITHM}.`
    : '';
  throw incomplete(`Unsupported AWS 'algorithm': '${named.slice(0, 64)}'.${hint}`);
}

function readHeader(header: string, headers: Headers): PresentedSignature {
  const named = /^AWS[\w-]*/.exec(header)?.[0];
  if (named !== undefined) checkAlgorithm(named);
  const parts = new Map<string, string>();
  for (const part of header.slice(named?.length ?? 0).split(',')) {
    const at = part.indexOf('=');
    if (at > 0) parts.set(part.slice(0, at).trim(), part.slice(at + 1).trim());
  }
  const timestamp = headers['x-amz-date'] ?? headers.date;
  const missing = ['Credential', 'Signature', 'SignedHeaders']
    .filter((name) => !parts.get(name))
    .map((name) => `Authorization header requires '${name}' parameter.`);
  if (!timestamp) {
    missing.push(`Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.`);
  }
  if (!timestamp || missing.length > 0) {
    const digest = createHash('sha256').update(header).digest('base64');
    missing.push(`(Hashed with SHA-256 and encoded with Base64) Authorization=${digest}`);
    throw incomplete(missing.join(' '));
  }
  return {
    ...readScope(parts.get('Credential') as string),
    signedHeaders: (parts.get('SignedHeaders') as string).toLowerCase().split(';'),
    signature: parts.get('Signature') as string,
    timestamp,
    ...(headers['x-amz-security-token'] ? { sessionToken: headers['x-amz-security-token'] } : {}),
  };
}

function readPresigned(query: URLSearchParams): PresentedSignature {
  const need = (name: string) => {
    const value = query.get(name);
    if (!value) throw incomplete(`AWS query-string parameters must include '${name}'.`);
    return value;
  };
  checkAlgorithm(need('X-Amz-Algorithm'));
  const sessionToken = query.get('X-Amz-Security-Token');
  return {
    ...readScope(need('X-Amz-Credential')),
    signedHeaders: need('X-Amz-SignedHeaders').toLowerCase().split(';'),
    signature: need('X-Amz-Signature'),
    timestamp: need('X-Amz-Date'),
    ...(sessionToken ? { sessionToken } : {}),
    ...readExpiry(query.get('X-Amz-Expires')),
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html: a week at the most */
function readExpiry(text: string | null): { expiresSeconds?: number } {
  if (text === null) return {};
  const expiresSeconds = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (expiresSeconds >= 1 && expiresSeconds <= LONGEST_PRESIGNED_SECONDS) return { expiresSeconds };
  throw incomplete(`X-Amz-Expires must be a number of seconds from 1 to ${LONGEST_PRESIGNED_SECONDS}, a week.`);
}

function readScope(credential: string) {
  const [accessKeyId, date, region, service, end, ...rest] = credential.split('/');
  if (!accessKeyId || !date || !region || !service || end !== 'aws4_request' || rest.length > 0) {
    throw incomplete(
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '…'.",
    );
  }
  return { accessKeyId, date, region, service };
}

function incomplete(message: string): AwsError {
  return new AwsError('IncompleteSignatureException', message);
}
