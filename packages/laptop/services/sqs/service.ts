import type { Cloud, Service } from '../../cloud.ts';
import { messageOperations } from './message-operations.ts';
import { queueAccess, queueOperations } from './queue-operations.ts';
import { Queues } from './queues.ts';

export interface SqsService extends Service {
  readonly name: 'sqs';
  readonly queues: Queues;
}

/** Queues, standard and FIFO. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html */
export default function createSqsService(cloud: Cloud): SqsService {
  const queues = new Queues(cloud);
  const access = queueAccess(queues);
  return {
    name: 'sqs',
    queues,
    schemas: () => import('@aws-sdk/client-sqs') as Promise<Record<string, unknown>>,
    operations: { ...queueOperations(queues, access), ...messageOperations(queues, access) },
    reset: () => queues.clear(),
  };
}
