/** The token of this run, which only the address of the page carries: the browser never sends a fragment anywhere. */

const KEY = 'laptop-token';

/**
 * Moves the token from the address (`#token=…`, or `#token=…/functions`) into the session of this tab, so that it is
 * neither bookmarked nor shown. Answers whether the address had one.
 */
export function takeToken() {
  const [, token, rest] = /^#token=([\w-]+)(\/.*)?$/.exec(location.hash) ?? [];
  if (token === undefined) return false;
  sessionStorage.setItem(KEY, token);
  history.replaceState(null, '', rest === undefined ? location.pathname : `#${rest}`);
  return true;
}

export const pageToken = () => sessionStorage.getItem(KEY) ?? '';
