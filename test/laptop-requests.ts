import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignatureV4 } from '@smithy/signature-v4';
import type { RunningCloud } from '../packages/laptop/running-cloud.ts';

/** Where the runs of this process leave their keys: never the folder of the person who runs the tests. */
export const runFolder = mkdtempSync(join(tmpdir(), 'keyturn-runs-'));
process.once('exit', () => rmSync(runFolder, { recursive: true, force: true }));

/** What `curl -H "x-laptop-token: …"` does: a request below `/_local/` with the token of the run. */
export function askLocal(cloud: Pick<RunningCloud, 'endpointUrl' | 'pageToken'>, path: string, init: RequestInit = {}) {
  const headers = { ...(init.headers as Record<string, string>), 'x-laptop-token': cloud.pageToken };
  return fetch(cloud.endpointUrl + path, { ...init, headers });
}

class Sha256 {
  readonly #digest;
  constructor(secret?: string | Uint8Array) {
    this.#digest = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }
  update(data: string | Uint8Array): void {
    this.#digest.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#digest.digest();
  }
  reset(): void {}
}

export interface RawRequest {
  readonly method?: string;
  /** With its query. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly region?: string;
  readonly credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  readonly signingDate?: Date;
}

/** The signer of the AWS SDK. */
export function signerFor(cloud: RunningCloud, service: string, { credentials, region }: RawRequest = {}): SignatureV4 {
  return new SignatureV4({
    service,
    region: region ?? cloud.region,
    credentials: credentials ?? cloud.administrator,
    sha256: Sha256 as never,
  });
}

/** A request as the SDK's signer takes it. */
export function unsigned(cloud: RunningCloud, { method = 'POST', path = '/', headers = {}, body }: RawRequest) {
  const url = new URL(path, cloud.endpointUrl);
  return {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, ...headers },
    ...(body !== undefined && { body }),
  };
}

/** Headers for a request that no SDK would send, signed by the SDK's own signer. */
export async function signedHeaders(
  cloud: RunningCloud,
  service: string,
  request: RawRequest,
): Promise<Record<string, string>> {
  const { signingDate } = request;
  const signed = await signerFor(cloud, service, request).sign(unsigned(cloud, request), {
    ...(signingDate && { signingDate }),
  });
  return signed.headers;
}
