import type { Cloud } from '../cloud.ts';

/** A plain HTTP request outside the AWS protocols: function URLs, API Gateway routes, JWKS documents. */
export interface RawRequest {
  readonly method: string;
  /** Path as sent, still percent-encoded, with the prefix. */
  readonly path: string;
  /** What follows `?`, as sent; empty without one. */
  readonly rawQuery: string;
  readonly query: URLSearchParams;
  /** Lower-case names; repeated headers are joined with `, `, cookies with `; `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly sourceIp: string;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

export interface RawResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}

export type RawHandler = (request: RawRequest) => RawResponse | Promise<RawResponse>;

/**
 * Who may ask for a path: `administrator`, with the page's token or a signature; `machine`, any program or own page of
 * this machine; `public`, pages of every origin as well, because the resource behind it has rules of its own (CORS, IAM).
 */
export type RouteAccess = 'administrator' | 'machine' | 'public';

export interface Route {
  readonly handler: RawHandler;
  readonly access: RouteAccess;
}

/** Paths of the endpoint that do not speak an AWS protocol. The longest prefix wins. */
export class RouteTable {
  readonly #routes = new Map<string, Route>();

  /** Serves every path that begins with `prefix` (`/_functions/url/abc/`). Answers how to take it away again. */
  add(prefix: string, access: RouteAccess, handler: RawHandler): () => void {
    if (!prefix.startsWith('/_')) throw new RangeError(`A raw route begins with "/_", not ${JSON.stringify(prefix)}.`);
    const route = { handler, access };
    this.#routes.set(prefix, route);
    return () => {
      if (this.#routes.get(prefix) === route) this.#routes.delete(prefix);
    };
  }

  find(path: string): Route | undefined {
    let best: string | undefined;
    for (const prefix of this.#routes.keys()) {
      if (path.startsWith(prefix) && prefix.length > (best?.length ?? 0)) best = prefix;
    }
    return best === undefined ? undefined : this.#routes.get(best);
  }
}

/** The route table of a running cloud, for services, which see it as `Cloud`. */
export function routesOf(cloud: Cloud): RouteTable {
  const { routes } = cloud as Cloud & { routes?: RouteTable };
  if (!routes) throw new TypeError('This cloud serves no raw routes: make it with createCloud().');
  return routes;
}
