import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { AwsError } from '../../cloud.ts';
import { inProcess, RequestUnreadable } from './in-process.ts';

/** A table is not gone at once when it is deleted: on AWS seconds, here enough to be noticed. */
const DELETION_MILLISECONDS = 200;

/** Loaded when a table is first spoken to: the endpoint starts without them. */
const loadClient = () => import('@aws-sdk/client-dynamodb');
const loadDynalite = async () => (await import('dynalite')).default;

/**
 * The tables of one region: a dynalite, reached through the SDK. It listens nowhere: it checks no signature, and answers
 * pages of every origin.
 */
export class Backend {
  #starting: Promise<DynamoDBClient> | undefined;
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
    const client = await this.#open();
    try {
      const { $metadata, ...output } = await client.send(new command(input));
      return output;
    } catch (error) {
      if (error instanceof RequestUnreadable) {
        throw new AwsError('ValidationException', "The laptop's DynamoDB cannot read this request.", { cause: error });
      }
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
    const client = await this.#starting;
    this.#starting = undefined;
    client?.destroy();
  }

  #open(): Promise<DynamoDBClient> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<DynamoDBClient> {
    const [dynalite, { DynamoDBClient }] = await Promise.all([loadDynalite(), loadClient()]);
    // How long making and changing take is counted by the cloud's clock, not by dynalite's.
    const server = dynalite({ createTableMs: 0, updateTableMs: 0, deleteTableMs: DELETION_MILLISECONDS });
    return new DynamoDBClient({
      requestHandler: inProcess(server),
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
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
