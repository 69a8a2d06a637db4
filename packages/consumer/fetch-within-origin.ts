import { quote } from './contracts/quote.ts';
import { methodAfterRedirect, type Redirect, redirectOf } from './contracts/redirect.ts';
import { RedirectRefusedError } from './errors.ts';

/** As many as the fetch standard allows. https://fetch.spec.whatwg.org/#http-redirect-fetch */
const MOST_REDIRECTS = 20;

export type FetchInput = Parameters<typeof fetch>[0];

/**
 * Sends a request that carries a key. Redirects within the origin are followed as fetch does. A redirect to another host,
 * port or scheme is refused, because fetch itself takes custom headers and the body along. With `redirect: 'manual'` or
 * `'error'` the request behaves as fetch does.
 * @param secrets what no message may quote
 * @throws RedirectRefusedError, and what fetch throws
 */
export async function fetchWithinOrigin(
  send: typeof fetch,
  input: FetchInput,
  init: RequestInit,
  secrets: readonly string[],
): Promise<Response> {
  const mode = init.redirect ?? (input instanceof Request ? input.redirect : 'follow');
  if (mode !== 'follow') return send(input, init);
  const { response, redirect } = await followWithinOrigin(send, input, init);
  if (!redirect) return response;
  await response.body?.cancel();
  if (redirect.leads === 'elsewhere') {
    throw new RedirectRefusedError(
      `${redirect.from} redirects to ${quote(redirect.to, secrets)} (${response.status}), and the key is not sent to another origin. ` +
        "Use the final address, or pass redirect: 'manual' and follow it without the key.",
    );
  }
  throw new RedirectRefusedError(`${redirect.url.origin}: more than ${MOST_REDIRECTS} redirects.`);
}

/**
 * Follows redirects within the origin. `redirect` is there where the last answer still is one: it leads elsewhere, or is one
 * too many.
 */
export async function followWithinOrigin(
  fetch: typeof globalThis.fetch,
  input: FetchInput,
  init: RequestInit,
): Promise<{ response: Response; redirect?: Redirect }> {
  let hop: Hop = { input, init };
  for (let redirects = 0; ; redirects += 1) {
    // The body of a Request can be read once.
    const copy = hop.input instanceof Request ? hop.input.clone() : hop.input;
    const response = await fetch(hop.input, { ...hop.init, redirect: 'manual' });
    const redirect = redirectOf(urlOf(copy), response.status, response.headers.get('location'));
    if (!redirect) return { response };
    if (redirect.leads === 'elsewhere' || redirects >= MOST_REDIRECTS) return { response, redirect };
    await response.body?.cancel();
    hop = nextHop({ input: copy, init: hop.init }, redirect.url, response.status);
  }
}

interface Hop {
  readonly input: FetchInput;
  readonly init: RequestInit;
}

function urlOf(input: FetchInput): URL {
  return new URL(input instanceof Request ? input.url : String(input));
}

function nextHop({ input, init }: Hop, url: URL, status: number): Hop {
  const request = input instanceof Request ? input : undefined;
  const { method, keepsBody } = methodAfterRedirect(init.method ?? request?.method ?? 'GET', status);
  if (!keepsBody) {
    const { body: _dropped, ...rest } = init;
    const headers = new Headers(init.headers);
    for (const name of [...headers.keys()]) if (name.startsWith('content-')) headers.delete(name);
    return { input: url, init: { ...rest, method, headers, signal: init.signal ?? request?.signal ?? null } };
  }
  if (!canSendAgain(init.body)) {
    throw new RedirectRefusedError(
      `${url.origin} redirects (${status}), and the body is a stream that cannot be sent again. Use the final address, or pass the body as text or bytes.`,
    );
  }
  return { input: request ? new Request(url, request) : url, init };
}

/** Streams and iterables are used up by the first try. */
export function canSendAgain(body: unknown): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true;
  return (
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  );
}
