import type { Cloud, Service } from '../../cloud.ts';
import { Backends } from './backend.ts';
import { itemOperations } from './item-operations.ts';
import { backupOperations, tableOperations, tagOperations } from './table-operations.ts';
import { Tables } from './tables.ts';
import { timeToLiveOperations } from './time-to-live.ts';
import { transactOperations } from './transactions.ts';

export interface DynamodbService extends Service {
  readonly name: 'dynamodb';
  readonly tables: Tables;
}

/**
 * DynamoDB on dynalite; authorisation, transactions, time to live and what else dynalite lacks are ours.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/Welcome.html
 */
export default function createDynamodbService(cloud: Cloud): DynamodbService {
  const backends = new Backends();
  const tables = new Tables();
  return {
    name: 'dynamodb',
    tables,
    schemas: () => import('@aws-sdk/client-dynamodb') as unknown as Promise<Record<string, unknown>>,
    operations: {
      ...tableOperations(tables, backends),
      ...tagOperations(tables),
      ...backupOperations(tables),
      ...timeToLiveOperations(tables),
      ...itemOperations(tables, backends, cloud.clock),
      ...transactOperations(tables, backends, cloud.clock),
    },
    async reset() {
      tables.clear();
      await backends.close();
    },
    close: () => backends.close(),
  };
}
