import { quote } from '@keyturn/consumer/contracts/quote';
import { methodAfterRedirect, placeOf, redirectOf } from '@keyturn/consumer/contracts/redirect';
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
  /** Whether a redirect to the same origin is followed. One to another origin never is. */
  readonly followsRedirects: boolean;
  /** What no message may quote: values that the request carries, or that were read for it. */
  readonly secrets: readonly string[];
}

export interface Visited {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/**
 * One HTTP request over TLS. Headers and body are sent to the origin of the address and to no other: a redirect to
 * another host, port or scheme fails the check. Faults of the network and of TLS are thrown; any status is an answer. No
 * message holds a query string, a header or a body.
 */
export async function visitUrl(visit: Visit): Promise<Visited> {
  const signal = AbortSignal.timeout(visit.timeoutSeconds * 1000);
  let url = new URL(visit.url);
  let request = visit;
  refuseUnsafe(url, visit);
  for (let redirects = 0; ; redirects++) {
    const response = await send(url, request, signal);
    const { status, headers } = response;
    const redirect = request.followsRedirects ? redirectOf(url, status, headers.get('location')) : undefined;
    if (!redirect) return { status, headers, text: await readText(response, url, visit, signal) };
    await response.body?.cancel();
    if (redirect.leads === 'elsewhere') throw redirected(url, status, redirect, visit.secrets);
    if (redirects >= LONGEST_REDIRECTS) {
      throw new CheckFailed('Redirected', `${placeOf(url)}: more than ${LONGEST_REDIRECTS} redirects.`);
    }
    url = redirect.url;
    request = afterRedirect(request, status);
  }
}

/** What a redirect to another origin means. Its origin comes from outside, and is checked before it is quoted. */
export function redirected(
  url: URL,
  status: number,
  { from, to }: { readonly from: string; readonly to: string },
  secrets: readonly string[],
): CheckFailed {
  return new CheckFailed(
    'Redirected',
    `${placeOf(url)}: ${from} redirects to ${quote(to, secrets)} (${status}), and nothing is sent to another origin. Write the final address.`,
  );
}

function afterRedirect(visit: Visit, status: number): Visit {
  const { method, keepsBody } = methodAfterRedirect(visit.method ?? 'GET', status);
  if (keepsBody) return visit;
  const { body: _dropped, ...rest } = visit;
  const headers = Object.entries(visit.headers ?? {}).filter(([name]) => !/^content-/i.test(name));
  return { ...rest, method, headers: Object.fromEntries(headers) };
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
