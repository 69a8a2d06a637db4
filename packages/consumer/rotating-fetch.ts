import { defaultProvider, withPrefix } from './defaults.ts';
import { SecretMalformedError } from './errors.ts';
import { canSendAgain, type FetchInput, fetchWithinOrigin } from './fetch-within-origin.ts';
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
 * and the body can be sent again: the vendor has refused the request, so nothing has been done by it. Redirects are
 * followed within the origin only: to another one neither key nor body is sent.
 * @throws RedirectRefusedError, what fetch throws, and the provider's errors where no key is at hand
 */
export function rotatingFetch(options: RotatingFetchOptions): typeof fetch {
  const provider = options.provider ?? defaultProvider();
  const secretId = withPrefix(options.secretId);
  const header = options.header ?? 'authorization';
  const scheme = options.scheme ?? (header.toLowerCase() === 'authorization' ? 'Bearer ' : '');
  const sendKeyed = (input: FetchInput, init: RequestInit | undefined, value: string) => {
    const key = headerKey(secretId, apiKeyOf(secretId, value, options.field));
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    headers.set(header, `${scheme}${key}`);
    return fetchWithinOrigin(options.fetch ?? fetch, input, { ...init, headers }, [key]);
  };
  return async (request, init) => {
    const { value, versionId } = await provider.getVersioned(secretId);
    // A Request's body can be read once: the first try gets a copy.
    const first = request instanceof Request ? request.clone() : request;
    const response = await sendKeyed(first, init, value);
    if ((response.status !== 401 && response.status !== 403) || !canSendAgain(init?.body)) return response;
    const newest = await provider.refetch(secretId, { seenVersionId: versionId, reason: `HTTP ${response.status}` });
    if (!newest.changed) return response;
    provider.observe({ event: 'request-retried', secretId, status: response.status });
    await response.body?.cancel();
    return sendKeyed(request, init, newest.value);
  };
}

/** The error of fetch would quote a value that no header can carry. */
function headerKey(secretId: string, key: string): string {
  if (/^[\x20-\x7e]+$/.test(key)) return key;
  throw new SecretMalformedError(`Secret ${secretId}: the key has characters that no header can carry.`);
}
