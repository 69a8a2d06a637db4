import { judgeStatus } from './contracts/verdicts/http-status.ts';
import { defaultProvider, withPrefix } from './defaults.ts';
import { SecretMalformedError } from './errors.ts';
import { canSendAgain, type FetchInput, fetchWithinOrigin } from './fetch-within-origin.ts';
import { apiKeyOf } from './read-config.ts';
import { type StoredValue, textOf } from './secret-text.ts';
import type { VersionedReader } from './versioned-reader.ts';

export interface RotatingFetchOptions {
  /** Name or ARN of the secret that holds the key. */
  readonly secretId: string;
  /** Field of a JSON secret. @default - api_key, apiKey, key or token */
  readonly field?: string;
  /** @default 'authorization' */
  readonly header?: string;
  /** Text before the key. @default 'Bearer ' for authorization, else nothing */
  readonly scheme?: string;
  /** @default - the shared provider */
  readonly provider?: VersionedReader;
  /** @default - the global fetch */
  readonly fetch?: typeof fetch;
}

/**
 * Returns a `fetch` that adds a rotating API key to each request. After a 401 or 403 it sends the request once more, if
 * the secret has a newer key and the body can be sent again. The vendor has refused the first request, so it did nothing.
 * Redirects are followed within the origin only. Another origin gets neither the key nor the body.
 *
 * @example
 * ```ts
 * import { rotatingFetch } from '@keyturn/consumer';
 *
 * const vendor = rotatingFetch({ secretId: 'shop/vendor-key', header: 'x-api-key' });
 *
 * export const handler = async () => {
 *   const answer = await vendor('https://api.vendor.example/v1/items', { method: 'POST', body: '{"name":"tea"}' });
 *   return { statusCode: answer.status };
 * };
 * ```
 *
 * @throws RedirectRefusedError | what fetch throws | the provider's errors
 */
export function rotatingFetch(options: RotatingFetchOptions): typeof fetch {
  const provider = options.provider ?? defaultProvider();
  const secretId = withPrefix(options.secretId);
  const header = options.header ?? 'authorization';
  const scheme = options.scheme ?? (header.toLowerCase() === 'authorization' ? 'Bearer ' : '');
  const sendKeyed = (input: FetchInput, init: RequestInit | undefined, value: StoredValue) => {
    const key = headerKey(secretId, apiKeyOf(secretId, textOf(secretId, value), options.field));
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    headers.set(header, `${scheme}${key}`);
    return fetchWithinOrigin(options.fetch ?? fetch, input, { ...init, headers }, [key]);
  };
  return async (request, init) => {
    const { value, versionId } = await provider.getVersioned<StoredValue>(secretId);
    // A Request's body can be read once, so the first try gets a copy.
    const first = request instanceof Request ? request.clone() : request;
    const response = await sendKeyed(first, init, value);
    if (judgeStatus(response.status) !== 'refused' || !canSendAgain(init?.body)) return response;
    const newest = await provider.refetch<StoredValue>(secretId, {
      seenVersionId: versionId,
      reason: `HTTP ${response.status}`,
    });
    if (!newest.changed) return response;
    provider.observe({ event: 'request-retried', secretId, status: response.status });
    await response.body?.cancel();
    return sendKeyed(request, init, newest.value);
  };
}

/** fetch quotes a header value that it refuses, so the key is checked first. */
function headerKey(secretId: string, key: string): string {
  if (/^[\x20-\x7e]+$/.test(key)) return key;
  throw new SecretMalformedError(`Secret ${secretId}: the key has characters that no header can carry.`);
}
