import type { Cloud } from '../../cloud.ts';
import type { Operation, Service } from '../../service.ts';
import { IamState } from './state.ts';

export interface IamService extends Service {
  readonly name: 'iam';
  readonly state: IamState;
}

export default function createIamService(cloud: Cloud): IamService {
  const state = new IamState(cloud.clock, cloud.accountId);
  const operations: Record<string, Operation> = {};
  return {
    name: 'iam',
    state,
    schemas: () => import('@aws-sdk/client-iam') as Promise<Record<string, unknown>>,
    operations,
    reset: () => state.clear(),
  };
}
