import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { PresentedSignature } from './credentials.ts';

export interface SignedRequest {
  readonly method: string;
  /** As sent, percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const signingKeys = new Map<string, Buffer>();
const MOST_SIGNING_KEYS = 10_000;

/**
 * Whether the signature was made with this secret over this very request.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function verifySignature(
  presented: PresentedSignature,
  secretAccessKey: string,
  request: SignedRequest,
): boolean {
  const payloadHash = payloadHashOf(presented, request);
  if (payloadHash === undefined) return false;
  const canonicalRequest = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    ...presented.signedHeaders.map((name) => `${name}:${canonicalHeader(request.headers[headerOf(name)])}`),
    '',
    presented.signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
  const scope = `${presented.date}/${presented.region}/${presented.service}/aws4_request`;
  const stringToSign = ['AWS4-HMAC-SHA256', presented.timestamp, scope, sha256(canonicalRequest)].join('\n');
  const expected = hmac(signingKey(secretAccessKey, presented), stringToSign);
  const given = Buffer.from(presented.signature, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function payloadHashOf(presented: PresentedSignature, request: SignedRequest): string | undefined {
  const declared = request.headers['x-amz-content-sha256'];
  if (declared === 'UNSIGNED-PAYLOAD') return declared;
  const actual = sha256(request.body);
  if (declared !== undefined && declared !== actual) return undefined;
  return presented.presigned && declared === undefined ? sha256('') : actual;
}

// Every service but S3 encodes the path, as sent, once more.
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(encode(segment));
  }
  const trailing = path.length > 1 && path.endsWith('/') && segments.length > 0 ? '/' : '';
  return `/${segments.join('/')}${trailing}`;
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
}

// Over HTTP/2 the SDK signs the host under its pseudo-header's name.
const headerOf = (name: string) => (name === ':authority' ? 'host' : name);
const canonicalHeader = (value: string | undefined) => (value ?? '').trim().replace(/\s+/g, ' ');

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function signingKey(secret: string, { date, region, service }: PresentedSignature): Buffer {
  const name = `${date}/${region}/${service}/${secret}`;
  const known = signingKeys.get(name);
  if (known) return known;
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request');
  if (signingKeys.size >= MOST_SIGNING_KEYS) signingKeys.clear();
  signingKeys.set(name, key);
  return key;
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
