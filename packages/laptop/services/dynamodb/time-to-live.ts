import type { Clock } from '../../clock.ts';
import type { Call, Operation } from '../../cloud.ts';
import type { Backend } from './backend.ts';
import { type Table, type Tables, tableArn, validation } from './tables.ts';

const SWEEP_MILLISECONDS = 5_000;
/**
 * "Within a few days of its expiration": two, in which the item can be read like any other.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
 */
const LINGER_SECONDS = 2 * 86_400;
/** What is longer past is taken for a mistake and stays. */
const OLDEST_SECONDS = 5 * 365 * 86_400;

/** dynalite has no time to live: what has been expired for long enough is deleted when the table is next used. */
export async function sweep(table: Table, backend: Backend, clock: Clock): Promise<void> {
  const now = clock.now().getTime();
  const attribute = table.timeToLive?.Enabled ? table.timeToLive.AttributeName : undefined;
  if (attribute === undefined || now - table.sweptAt < SWEEP_MILLISECONDS) return;
  table.sweptAt = now;
  const seconds = Math.floor(now / 1000);
  const numbers = { from: seconds - OLDEST_SECONDS, until: seconds - LINGER_SECONDS };
  await backend.alone(async () => {
    let start: Record<string, unknown> | undefined;
    do {
      const found: { Items?: Record<string, unknown>[]; LastEvaluatedKey?: Record<string, unknown> } =
        await backend.send('Scan', {
          TableName: table.name,
          FilterExpression: '#ttl > :from AND #ttl < :until',
          ExpressionAttributeNames: { '#ttl': attribute },
          ExpressionAttributeValues: { ':from': { N: `${numbers.from}` }, ':until': { N: `${numbers.until}` } },
          ExclusiveStartKey: start,
        });
      for (const item of found.Items ?? []) {
        const Key = Object.fromEntries(table.keys.map((key) => [key, item[key]]));
        await backend.send('DeleteItem', { TableName: table.name, Key });
      }
      start = found.LastEvaluatedKey;
    } while (start);
  });
}

/** UpdateTimeToLive and DescribeTimeToLive. AWS takes up to an hour to enable it; here it is enabled at once. */
export function timeToLiveOperations(tables: Tables): Record<string, Operation> {
  const on = (operation: string) => ({
    access: (input: any, call: Call) => [
      { action: `dynamodb:${operation}`, resource: tableArn(call, input.TableName) },
    ],
  });
  return {
    DescribeTimeToLive: {
      ...on('DescribeTimeToLive'),
      handle(input, call) {
        const { timeToLive } = tables.require(call, input.TableName);
        return {
          TimeToLiveDescription: timeToLive
            ? { TimeToLiveStatus: 'ENABLED', AttributeName: timeToLive.AttributeName }
            : { TimeToLiveStatus: 'DISABLED' },
        };
      },
    },
    UpdateTimeToLive: {
      ...on('UpdateTimeToLive'),
      handle(input, call) {
        const table = tables.require(call, input.TableName);
        const { AttributeName, Enabled } = input.TimeToLiveSpecification;
        const current = table.timeToLive;
        if (current && current.AttributeName !== AttributeName) {
          throw validation(
            `TimeToLive is active on a different AttributeName: current AttributeName is ${current.AttributeName}`,
          );
        }
        if (Enabled === (current !== undefined)) {
          throw validation(`TimeToLive is already ${Enabled ? 'enabled' : 'disabled'}`);
        }
        table.timeToLive = Enabled ? { AttributeName, Enabled } : undefined;
        return { TimeToLiveSpecification: { AttributeName, Enabled } };
      },
    },
  };
}
