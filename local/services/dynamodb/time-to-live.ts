import { DeleteItemCommand, DescribeTableCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { Cloud } from '../../cloud.ts';

interface Specification {
  AttributeName?: string;
  Enabled?: boolean;
}

const SWEEP_MILLISECONDS = 5_000;

/** dynalite has no time to live: expired items are deleted when the table is next used. AWS deletes them within days. */
export class TimeToLive {
  readonly #cloud: Cloud;
  readonly #send: (command: unknown) => Promise<any>;
  readonly #tables = new Map<string, Specification>();
  readonly #sweptAt = new Map<string, number>();

  constructor(cloud: Cloud, send: (command: unknown) => Promise<any>) {
    this.#cloud = cloud;
    this.#send = send;
  }

  set(table: string, specification: Specification): void {
    this.#tables.set(table, specification);
  }

  describe(table: string): Record<string, unknown> {
    const specification = this.#tables.get(table);
    return {
      TimeToLiveStatus: specification?.Enabled ? 'ENABLED' : 'DISABLED',
      AttributeName: specification?.AttributeName,
    };
  }

  clear(): void {
    this.#tables.clear();
  }

  async sweep(table: string): Promise<void> {
    const specification = this.#tables.get(table);
    const now = this.#cloud.clock.now().getTime();
    if (!specification?.Enabled || now - (this.#sweptAt.get(table) ?? 0) < SWEEP_MILLISECONDS) return;
    this.#sweptAt.set(table, now);
    const expired = await this.#send(
      new ScanCommand({
        TableName: table,
        FilterExpression: '#ttl < :now',
        ExpressionAttributeNames: { '#ttl': specification.AttributeName ?? '' },
        ExpressionAttributeValues: { ':now': { N: String(Math.floor(now / 1000)) } },
      }),
    );
    if (!expired.Items?.length) return;
    const { Table } = await this.#send(new DescribeTableCommand({ TableName: table }));
    const keys = (Table.KeySchema as { AttributeName: string }[]).map((key) => key.AttributeName);
    for (const item of expired.Items) {
      await this.#send(
        new DeleteItemCommand({ TableName: table, Key: Object.fromEntries(keys.map((key) => [key, item[key]])) }),
      );
    }
  }
}
