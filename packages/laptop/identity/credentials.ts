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
  /** `20260102T030405Z` */
  readonly timestamp: string;
  readonly sessionToken?: string;
  /** Signed in the query string instead of a header. */
  readonly presigned: boolean;
}

type Headers = Readonly<Record<string, string>>;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html */
export function readCredentials(headers: Headers, query: URLSearchParams): PresentedCredentials {
  const header = headers.authorization;
  if (header === undefined) {
    if (query.has('X-Amz-Credential')) return { kind: 'signature', signature: readPresigned(query) };
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

function readHeader(header: string, headers: Headers): PresentedSignature {
  const parts = new Map<string, string>();
  for (const part of header.replace(/^AWS4-HMAC-SHA256/, '').split(',')) {
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
    presigned: false,
  };
}

function readPresigned(query: URLSearchParams): PresentedSignature {
  const need = (name: string) => {
    const value = query.get(name);
    if (!value) throw incomplete(`AWS query-string parameters must include '${name}'.`);
    return value;
  };
  const sessionToken = query.get('X-Amz-Security-Token');
  return {
    ...readScope(need('X-Amz-Credential')),
    signedHeaders: need('X-Amz-SignedHeaders').toLowerCase().split(';'),
    signature: need('X-Amz-Signature'),
    timestamp: need('X-Amz-Date'),
    ...(sessionToken ? { sessionToken } : {}),
    presigned: true,
  };
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
