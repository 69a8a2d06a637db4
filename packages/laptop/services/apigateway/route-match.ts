import type { Route } from './state.ts';

export interface RouteMatch {
  readonly route: Route;
  readonly pathParameters?: Readonly<Record<string, string>>;
}

/**
 * The most specific route: a full match before a greedy one, more literal segments before fewer, a method before ANY,
 * `$default` last. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export function matchRoute(routes: Iterable<Route>, method: string, path: string): RouteMatch | undefined {
  const segments = split(path);
  let best: { match: RouteMatch; rank: number[] } | undefined;
  for (const route of routes) {
    const candidate = tryRoute(route, method, segments);
    if (candidate && (!best || isBefore(candidate.rank, best.rank))) best = candidate;
  }
  return best?.match;
}

const split = (path: string) => path.split('/').slice(1);

function isBefore(left: readonly number[], right: readonly number[]): boolean {
  const at = left.findIndex((value, index) => value !== right[index]);
  return at >= 0 && (left[at] as number) > (right[at] as number);
}

function tryRoute(route: Route, method: string, segments: string[]) {
  if (route.key === '$default') return { match: { route }, rank: [-1, 0, 0] };
  const [wantedMethod, template = ''] = route.key.split(' ');
  if (wantedMethod !== 'ANY' && wantedMethod !== method) return undefined;
  const parts = split(template);
  const parameters: Record<string, string> = {};
  let literals = 0;
  let greedy = false;
  for (const [index, part] of parts.entries()) {
    const label = /^\{([^}+]+)(\+?)\}$/.exec(part);
    const segment = segments[index];
    if (label?.[2]) {
      const rest = segments.slice(index).map(decode).join('/');
      if (rest === '') return undefined;
      parameters[label[1] as string] = rest;
      greedy = true;
      break;
    }
    if (segment === undefined) return undefined;
    if (label) {
      if (segment === '') return undefined;
      parameters[label[1] as string] = decode(segment);
    } else if (part === segment) literals++;
    else return undefined;
  }
  if (!greedy && segments.length !== parts.length) return undefined;
  const hasParameters = Object.keys(parameters).length > 0;
  return {
    match: { route, ...(hasParameters ? { pathParameters: parameters } : {}) },
    rank: [greedy ? 0 : 1, literals, wantedMethod === 'ANY' ? 0 : 1],
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A path that is no percent-encoding reaches the function as it was sent.
    return text;
  }
}
