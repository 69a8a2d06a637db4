import { CheckFailed, CheckInterrupted } from './errors.ts';
import { describeNetworkFault, unreachable } from './network-faults.ts';

/** More than any key set or health page has; a vendor that sends more is not read to its end. */
const LONGEST_BODY_BYTES = 1_048_576;
const LONGEST_REDIRECTS = 5;

export interface Visit {
  readonly url: string;
  readonly timeoutSeconds: number;
  readonly allowLoopbackHttp: boolean;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** A key is on board: it is sent to this address and to no other. */
  readonly carriesKey: boolean;
}

export interface Visited {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * One HTTP request over TLS. A redirect is followed only where no key is on board, and never from https to http. Faults of
 * the network and of TLS are thrown; any status is an answer. No message holds a query string, a header or a body.
 */
export async function visitUrl(visit: Visit): Promise<Visited> {
  const signal = AbortSignal.timeout(visit.timeoutSeconds * 1000);
  let url = new URL(visit.url);
  for (let redirects = 0; ; redirects++) {
    refuseUnsafe(url, visit);
    const response = await send(url, visit, signal);
    const target = response.headers.get('location');
    if (visit.carriesKey || response.status < 300 || response.status > 399 || !target) {
      return { status: response.status, headers: response.headers, text: await readText(response, url, visit, signal) };
    }
    await response.body?.cancel();
    if (redirects >= LONGEST_REDIRECTS) {
      throw new CheckFailed('Redirected', `${placeOf(url)}: more than ${LONGEST_REDIRECTS} redirects.`);
    }
    url = new URL(target, url);
  }
}

/** An address as messages show it: a query string may hold what is nobody's business. */
export function placeOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function refuseUnsafe(url: URL, visit: Visit): void {
  if (url.username || url.password) {
    throw new CheckInterrupted(
      'Redirected',
      `${placeOf(url)}: the address holds a user name or password. Use a header.`,
    );
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && visit.allowLoopbackHttp && isLoopback(url))) return;
  throw new CheckInterrupted(
    'TlsMissing',
    `${placeOf(url)}: expected https. Only this machine itself may be asked without TLS, with "allowLoopbackHttp": true.`,
  );
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

async function send(url: URL, visit: Visit, signal: AbortSignal): Promise<Response> {
  const { method = 'GET', headers = {}, body } = visit;
  try {
    return await fetch(url, { method, headers, signal, redirect: 'manual', ...(body !== undefined && { body }) });
  } catch (error) {
    throw broken(error, url, visit, signal);
  }
}

async function readText(response: Response, url: URL, visit: Visit, signal: AbortSignal): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const part of response.body ?? []) {
      bytes += part.byteLength;
      if (bytes > LONGEST_BODY_BYTES) break;
      parts.push(part);
    }
  } catch (error) {
    throw broken(error, url, visit, signal);
  }
  if (bytes <= LONGEST_BODY_BYTES) return Buffer.concat(parts).toString('utf8');
  throw new CheckFailed('AnswerInvalid', `${placeOf(url)}: the answer has more than ${LONGEST_BODY_BYTES} bytes.`);
}

/** The cause is dropped on purpose: fetch quotes headers that it refuses. */
function broken(error: unknown, url: URL, { timeoutSeconds }: Visit, signal: AbortSignal): Error {
  if (signal.aborted) return unreachable(placeOf(url), `no answer within ${timeoutSeconds} seconds`);
  return describeNetworkFault(error, placeOf(url)) ?? unreachable(placeOf(url), 'the connection broke');
}
