import type { Operation, Service } from '../../../../packages/laptop/cloud.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import { signedHeaders } from '../../../laptop-requests.ts';

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
    credentials: cloud.administrator,
    maxAttempts: 1,
  };
}

/** A raw request, signed by the administrator. */
export async function post(
  cloud: RunningCloud,
  service: string,
  headers: Record<string, string>,
  body: string | Uint8Array,
  path = '/',
) {
  return fetch(cloud.endpointUrl + path, {
    method: 'POST',
    headers: await signedHeaders(cloud, service, { path, headers, body }),
    body: body as string,
  });
}
