import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { own } from '../own.ts';
import type { PresentedSignature } from './credentials.ts';
import { readSignedEvents, SIGNED_EVENTS } from './event-stream.ts';
import { basicDate, signedTimestamp } from './signed-time.ts';

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
/** Services with operations that read a stream of events. */
const streamingServices = new Set(['bedrock']);

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
  if (payloadHash === undefined || !coversItsHeaders(presented, request.headers)) return false;
  const canonicalRequest = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    ...presented.signedHeaders.map((name) => `${name}:${canonicalHeader(own(request.headers, headerOf(name)))}`),
    '',
    presented.signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
  const scope = `${presented.date}/${presented.region}/${presented.service}/aws4_request`;
  const stringToSign = ['AWS4-HMAC-SHA256', signedTimestamp(presented.timestamp), scope, sha256(canonicalRequest)].join(
    '\n',
  );
  const expected = hmac(signingKey(secretAccessKey, presented), stringToSign);
  if (!isSame(Buffer.from(presented.signature, 'hex'), expected)) return false;
  return payloadHash !== SIGNED_EVENTS || verifyEvents(presented, secretAccessKey, request.body);
}

const isSame = (given: Uint8Array, expected: Uint8Array) =>
  given.length === expected.length && timingSafeEqual(given, expected);

/** Each event of a stream is signed over itself and the signature before, the first over that of the request. */
function verifyEvents(presented: PresentedSignature, secretAccessKey: string, body: Uint8Array): boolean {
  let prior = presented.signature;
  return readSignedEvents(body).every(({ date, signature, headers, payload }) => {
    const timestamp = basicDate(date.getTime());
    const scope = { ...presented, date: timestamp.slice(0, 8) };
    const stringToSign = [
      'AWS4-HMAC-SHA256-PAYLOAD',
      timestamp,
      `${scope.date}/${scope.region}/${scope.service}/aws4_request`,
      prior,
      sha256(headers),
      sha256(payload),
    ].join('\n');
    prior = Buffer.from(signature).toString('hex');
    return isSame(signature, hmac(signingKey(secretAccessKey, scope), stringToSign));
  });
}

/**
 * What every signature has to cover: the host that it is meant for, and AWS's own headers, which say what is asked. The
 * session's token may be added afterwards; it is compared by itself.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
function coversItsHeaders({ signedHeaders }: PresentedSignature, headers: SignedRequest['headers']): boolean {
  const signed = new Set(signedHeaders);
  const own = Object.keys(headers).filter((name) => name.startsWith('x-amz-') && name !== 'x-amz-security-token');
  return (signed.has('host') || signed.has(':authority')) && own.every((name) => signed.has(name));
}

/**
 * The hash of the body that came, whatever the request declares: UNSIGNED-PAYLOAD and the chunked forms are S3's, and
 * the laptop has no S3. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
function payloadHashOf({ service }: PresentedSignature, request: SignedRequest): string | undefined {
  const declared = request.headers['x-amz-content-sha256'];
  if (declared === SIGNED_EVENTS && streamingServices.has(service)) return declared;
  const actual = sha256(request.body);
  return declared === undefined || declared === actual ? actual : undefined;
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
