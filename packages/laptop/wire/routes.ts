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

/** Paths of the endpoint that do not speak an AWS protocol. The longest prefix wins. */
export class RouteTable {
  readonly #handlers = new Map<string, RawHandler>();

  /** Serves every path that begins with `prefix` (`/_functions/url/abc/`). Answers how to take it away again. */
  add(prefix: string, handler: RawHandler): () => void {
    if (!prefix.startsWith('/_')) throw new RangeError(`A raw route begins with "/_", not ${JSON.stringify(prefix)}.`);
    this.#handlers.set(prefix, handler);
    return () => {
      if (this.#handlers.get(prefix) === handler) this.#handlers.delete(prefix);
    };
  }

  find(path: string): RawHandler | undefined {
    let best: string | undefined;
    for (const prefix of this.#handlers.keys()) {
      if (path.startsWith(prefix) && prefix.length > (best?.length ?? 0)) best = prefix;
    }
    return best === undefined ? undefined : this.#handlers.get(best);
  }
}

/** The route table of a running cloud, for services, which see it as `Cloud`. */
export function routesOf(cloud: Cloud): RouteTable {
  const { routes } = cloud as Cloud & { routes?: RouteTable };
  if (!routes) throw new TypeError('This cloud serves no raw routes: make it with createCloud().');
  return routes;
}
