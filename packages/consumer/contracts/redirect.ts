const redirects = new Set([301, 302, 303, 307, 308]);

/** @internal The target of a redirect. `same-origin`: scheme, host and port are those of the address that answered. */
export type Redirect =
  | { readonly leads: 'same-origin'; readonly url: URL }
  | { readonly leads: 'elsewhere'; readonly from: string; readonly to: string };

/**
 * Compares the origin of a redirect with the origin of the address that answered. A key, a cookie, a header or a body may
 * go to the same origin only. Another scheme (https to http) and another port are other origins. Undefined: the answer is
 * no redirect. `from` and `to` are origins without path and query.
 * https://datatracker.ietf.org/doc/html/rfc6454#section-4
 * @internal
 */
export function redirectOf(from: URL, status: number, location: string | null): Redirect | undefined {
  if (!redirects.has(status) || location === null) return undefined;
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (!url || !isWeb) return { leads: 'elsewhere', from: from.origin, to: 'an address that is not of the web' };
  if (url.origin !== from.origin || url.username !== '' || url.password !== '') {
    return { leads: 'elsewhere', from: from.origin, to: url.origin };
  }
  return { leads: 'same-origin', url };
}

/** @internal An address as messages show it: without login, query and fragment, which may hold a secret. */
export function placeOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** @internal Returns the method after a redirect, and whether the body is sent again. https://fetch.spec.whatwg.org/#http-redirect-fetch */
export function methodAfterRedirect(method: string, status: number): { method: string; keepsBody: boolean } {
  const verb = method.toUpperCase();
  const becomesGet =
    status === 303 ? verb !== 'GET' && verb !== 'HEAD' : (status === 301 || status === 302) && verb === 'POST';
  return becomesGet ? { method: 'GET', keepsBody: false } : { method, keepsBody: true };
}
