import type { Route, RouteTable } from './routes.ts';

/** What is known of a request before its body is read. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Names of the loopback alone: the DNS of another party can point any other name here. */
const loopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i;

/**
 * Refuses what another host's name or another origin's page sends, before anything else of a request is looked at. A page
 * on the web may send requests to this port without being asked (simple requests of CORS), and a name on the web may
 * resolve to this machine (DNS rebinding). Answers the sentence that says why; undefined lets the request in.
 *
 * https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
 */
export function refuseForeign({ method, path, headers }: RequestHead, routes: RouteTable): string | undefined {
  const { host = '', origin } = headers;
  if (!path.startsWith('/')) return 'Expected a path that begins with "/".';
  if (!loopback.test(host)) {
    return `The laptop answers to 127.0.0.1 and localhost only; this request names the host ${quote(host)}.`;
  }
  const route = routes.find(path);
  if (route?.access === 'public') return undefined;
  if (origin !== undefined && !isOwnOrigin(origin, host)) {
    return `The laptop answers no page of another origin; this request comes from ${quote(origin)}.`;
  }
  const site = headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin' || site === 'none' || isVisit(method, headers, route)) {
    return undefined;
  }
  return `The laptop answers no page of another site; this request says Sec-Fetch-Site: ${quote(site)}.`;
}

function isOwnOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && origin.toLowerCase() === new URL(`http://${host}`).origin.toLowerCase();
}

/** A person who follows a link to the console's page. Its files hold nothing of this run. */
function isVisit(method: string, headers: RequestHead['headers'], route: Route | undefined): boolean {
  const isNavigation = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  return method === 'GET' && isNavigation && route?.access === 'machine';
}

const quote = (text: string) => JSON.stringify(text.slice(0, 128).replace(/[^\x20-\x7e]/g, '?'));
