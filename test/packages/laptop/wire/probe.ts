import type { Operation, Service } from '../../../../packages/laptop/cloud.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';

/** A service that answers with what a test gives it, shaped by the real client's schemas. */
export function probe(
  name: string,
  schemas: () => Promise<unknown>,
  operations: Record<string, Operation>,
): () => Service {
  return () => ({ name, schemas: schemas as Service['schemas'], operations, reset() {} });
}

export async function cloudWith(...services: (() => Service)[]): Promise<RunningCloud> {
  return createCloud({ services, log: () => {} });
}

export function clientOptions(cloud: RunningCloud) {
  return {
    region: 'us-east-1',
    endpoint: cloud.endpointUrl,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
}

/** A raw request, signed for form only: the key is a person's. */
export function post(
  cloud: RunningCloud,
  service: string,
  headers: Record<string, string>,
  body: string | Uint8Array,
  path = '/',
) {
  return fetch(cloud.endpointUrl + path, {
    method: 'POST',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=00`,
      'x-amz-date': '20260101T000000Z',
      ...headers,
    },
    body: body as string,
  });
}
