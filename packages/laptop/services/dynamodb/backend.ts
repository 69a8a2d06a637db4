import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../cloud.ts';

/** A table is not gone at once when it is deleted: on AWS seconds, here enough to be noticed. */
const DELETION_MILLISECONDS = 200;

/** Loaded when a table is first spoken to: the endpoint starts without them. */
const loadClient = () => import('@aws-sdk/client-dynamodb');
const loadDynalite = async () => (await import('dynalite')).default;

/** The tables of one region: a dynalite, which listens on loopback and is reached through the SDK. */
export class Backend {
  #starting: Promise<{ server: Server; client: DynamoDBClient }> | undefined;
  readonly #running = new Set<Promise<unknown>>();
  #turn: Promise<unknown> = Promise.resolve();

  /** An operation, beside others. @throws AwsError as dynalite answers it. */
  async run(operation: string, input: unknown): Promise<any> {
    await this.#turn;
    const running = this.send(operation, input);
    this.#running.add(running);
    return running.finally(() => this.#running.delete(running));
  }

  /** Several operations that nothing comes between; `work` calls `send`. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      await Promise.allSettled(this.#running);
      return work();
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async send(operation: string, input: unknown): Promise<any> {
    const dynamodb = await loadClient();
    const command = (dynamodb as unknown as Record<string, new (input: unknown) => any>)[`${operation}Command`];
    if (!command)
      throw new AwsError('UnknownOperationException', `dynamodb ${operation} is not supported on the laptop.`);
    const { client } = await this.#open();
    try {
      const { $metadata, ...output } = await client.send(new command(input));
      return output;
    } catch (error) {
      if (!(error instanceof dynamodb.DynamoDBServiceException)) throw error;
      const { name, message, $fault, $metadata, $response, ...fields } = error as typeof error &
        Record<string, unknown>;
      throw new AwsError(name, message, { httpStatus: $metadata.httpStatusCode ?? 400, fields, cause: error });
    }
  }

  /** Until a table that was made or changed is so in dynalite too, which takes it a turn or two. */
  async settled(TableName: string): Promise<void> {
    while ((await this.send('DescribeTable', { TableName })).Table.TableStatus !== 'ACTIVE');
  }

  async close(): Promise<void> {
    const open = await this.#starting;
    this.#starting = undefined;
    if (!open) return;
    open.client.destroy();
    open.server.closeAllConnections();
    await new Promise<void>((resolve) => open.server.close(() => resolve()));
  }

  #open() {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<{ server: Server; client: DynamoDBClient }> {
    const [dynalite, { DynamoDBClient }] = await Promise.all([loadDynalite(), loadClient()]);
    return new Promise((resolve, reject) => {
      // How long making and changing take is counted by the cloud's clock, not by dynalite's.
      const server = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: DELETION_MILLISECONDS });
      // A connection that it closed in the very moment when the client uses it again would be a call that fails.
      server.keepAliveTimeout = 0;
      server.once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        const client = new DynamoDBClient({
          endpoint: `http://127.0.0.1:${port}`,
          region: 'us-east-1',
          credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
          maxAttempts: 1,
        });
        resolve({ server, client });
      });
    });
  }
}

/** One backend for each region. */
export class Backends {
  readonly #byRegion = new Map<string, Backend>();

  of(region: string): Backend {
    const backend = this.#byRegion.get(region) ?? new Backend();
    this.#byRegion.set(region, backend);
    return backend;
  }

  async close(): Promise<void> {
    const backends = [...this.#byRegion.values()];
    this.#byRegion.clear();
    await Promise.all(backends.map((backend) => backend.close()));
  }
}
