import { judgeStatus } from './contracts/verdicts/http-status.ts';
import { defaultProvider, withPrefix } from './defaults.ts';
import { apiKeyOf } from './read-config.ts';
import type { VersionedReader } from './versioned-reader.ts';

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
  readonly provider?: VersionedReader;
  /** @default - the global fetch */
  readonly fetch?: typeof fetch;
}

/**
 * A `fetch` that carries a rotating API key. A 401 or 403 is answered by one more try, and only if there is a newer key
 * and the body can be sent again: the vendor has refused the request, so nothing has been done by it. Redirects are not
 * followed where the key is in a header of its own, which fetch would carry along to wherever they lead.
 * @throws what fetch throws, and the provider's errors where no key is at hand
 */
export function rotatingFetch(options: RotatingFetchOptions): typeof fetch {
  const provider = options.provider ?? defaultProvider();
  const secretId = withPrefix(options.secretId);
  const header = options.header ?? 'authorization';
  const isAuthorization = header.toLowerCase() === 'authorization';
  const scheme = options.scheme ?? (isAuthorization ? 'Bearer ' : '');
  const keyed = (init: RequestInit | undefined, request: FetchInput, value: string): RequestInit => {
    const headers = new Headers(init?.headers ?? (request instanceof Request ? request.headers : undefined));
    headers.set(header, `${scheme}${apiKeyOf(secretId, value, options.field)}`);
    return { ...(!isAuthorization && { redirect: 'manual' }), ...init, headers };
  };
  return async (request, init) => {
    const send = options.fetch ?? fetch;
    const { value, versionId } = await provider.getVersioned(secretId);
    // A Request's body can be read once: the first try gets a copy.
    const first = request instanceof Request ? request.clone() : request;
    const response = await send(first, keyed(init, request, value));
    if (judgeStatus(response.status) !== 'refused' || !canSendAgain(init?.body)) return response;
    const newest = await provider.refetch(secretId, { seenVersionId: versionId, reason: `HTTP ${response.status}` });
    if (!newest.changed) return response;
    provider.observe({ event: 'request-retried', secretId, status: response.status });
    await response.body?.cancel();
    return send(request, keyed(init, request, newest.value));
  };
}

type FetchInput = Parameters<typeof fetch>[0];

/** Streams and iterables are used up by the first try. */
function canSendAgain(body: unknown): boolean {
  if (body === undefined || body === null || typeof body === 'string') return true;
  return (
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  );
}
