import { defaultProvider, withPrefix } from './defaults.ts';
import { apiKeyOf } from './read-config.ts';
import type { RotatingSecretsProvider } from './rotating-secrets-provider.ts';

export interface RotatingFetchOptions {
  /** Name or ARN of the secret that holds the key. */
  readonly secretId: string;
  /** Field of a JSON secret. @default - api_key, apiKey, key or token */
  readonly field?: string;
  /** @default 'authorization' */
  readonly header?: string;
  /** Before the key. @default 'Bearer ' for authorization, else nothing */
  readonly scheme?: string;
  /** @default - the shared provider */
  readonly provider?: RotatingSecretsProvider;
  /** @default - the global fetch */
  readonly fetch?: typeof fetch;
}

/**
 * A `fetch` that carries a rotating API key. A 401 or 403 is answered by one more try, and only if there is a newer key
 * and the body can be sent again: the vendor has refused the request, so nothing has been done by it.
 */
export function rotatingFetch(options: RotatingFetchOptions): typeof fetch {
  const provider = options.provider ?? defaultProvider();
  const send = options.fetch ?? fetch;
  const secretId = withPrefix(options.secretId);
  const header = options.header ?? 'authorization';
  const scheme = options.scheme ?? (header.toLowerCase() === 'authorization' ? 'Bearer ' : '');
  const withKey = (init: RequestInit | undefined, request: string | URL | Request, key: string): RequestInit => {
    const headers = new Headers(init?.headers ?? (request instanceof Request ? request.headers : undefined));
    headers.set(header, `${scheme}${key}`);
    return { ...init, headers };
  };
  return async (request, init) => {
    const { value, versionId } = await provider.getVersioned(secretId);
    // A Request's body can be read once: the first try gets a copy.
    const first = request instanceof Request ? request.clone() : request;
    const response = await send(first, withKey(init, request, apiKeyOf(secretId, value, options.field)));
    if ((response.status !== 401 && response.status !== 403) || init?.body instanceof ReadableStream) return response;
    const newest = await provider.refetch(secretId, { seenVersionId: versionId, reason: `HTTP ${response.status}` });
    if (!newest.changed) return response;
    provider.observe({ event: 'request-retried', secretId, status: response.status });
    await response.body?.cancel();
    return send(request, withKey(init, request, apiKeyOf(secretId, newest.value, options.field)));
  };
}
