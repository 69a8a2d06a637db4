import { randomBytes } from 'node:crypto';
import { createCloud } from '../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../packages/laptop/running-cloud.ts';

/**
 * What the conformance cases run against. `KEYTURN_ENDPOINT` names it, with the usual credential environment:
 *
 * - unset: a cloud of our own, started for the test file and stopped after it;
 * - `aws`: AWS itself, in the region of `AWS_REGION` (it costs a little; everything made is taken away again);
 * - a URL: any other implementation.
 *
 * Cases go by what AWS documents and answers, make only things with names of `uniqueName`, and take them away.
 */
export interface Endpoint {
  /** Undefined for AWS itself, whose clients know where it is. */
  readonly url: string | undefined;
  readonly region: string;
  /** The cloud of our own, where it is one: for the few cases that need a clock or a look inside. */
  readonly cloud: RunningCloud | undefined;
  /** A client of the AWS SDK for this endpoint, without retries so that every answer is seen. */
  client<Client>(Client: new (configuration: any) => Client, configuration?: object): Client;
  /** Closes the clients and stops what was started. */
  close(): Promise<void>;
}

export async function openEndpoint(): Promise<Endpoint> {
  const named = process.env.KEYTURN_ENDPOINT;
  const region = process.env.AWS_REGION ?? 'us-east-1';
  const cloud = named ? undefined : await createCloud({ log: () => {}, region });
  const url = named === 'aws' ? undefined : (named ?? cloud?.endpointUrl);
  const clients: { destroy(): void }[] = [];
  const hasCredentials = cloud === undefined && (named === 'aws' || process.env.AWS_ACCESS_KEY_ID !== undefined);
  return {
    url,
    region,
    cloud,
    client(Client, configuration = {}) {
      const client = new Client({
        region,
        maxAttempts: 1,
        ...(url && { endpoint: url }),
        ...(!hasCredentials && {
          credentials: cloud?.administrator ?? { accessKeyId: 'test', secretAccessKey: 'test' },
        }),
        ...configuration,
      });
      clients.push(client as unknown as { destroy(): void });
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await cloud?.close();
    },
  };
}

/** `keyturn-conformance-rotated-3f9a…`: safe in every service's names, and telling where a leftover comes from. */
export function uniqueName(subject: string): string {
  return `keyturn-conformance-${subject}-${randomBytes(6).toString('hex')}`;
}

/** Polls until `look` answers something; what AWS does in its own time is waited for, never slept for. */
export async function eventually<T>(look: () => Promise<T | undefined>, withinSeconds = 60): Promise<T> {
  const deadline = Date.now() + withinSeconds * 1_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`It did not come true within ${withinSeconds} seconds.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The error of a call that must be refused, as code, message and status. */
export async function refusal(call: Promise<unknown>): Promise<{ code: string; message: string; status: number }> {
  try {
    await call;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    if ($metadata === undefined) throw error;
    return { code: name, message, status: $metadata.httpStatusCode ?? 0 };
  }
  throw new Error('The call should have been refused, and succeeded.');
}
