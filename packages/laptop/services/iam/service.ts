import type { Cloud, Service } from '../../cloud.ts';
import { accessKeyOperations } from './access-keys.ts';
import { managedPolicyOperations } from './managed-policies.ts';
import { roleOperations } from './roles.ts';
import { serviceCredentialOperations } from './service-specific-credentials.ts';
import { simulateOperations } from './simulate-principal-policy.ts';
import { IamState } from './state.ts';
import { userOperations } from './users.ts';

export interface IamService extends Service {
  readonly name: 'iam';
  readonly state: IamState;
}

export default function createIamService(cloud: Cloud): IamService {
  const state = new IamState(cloud.clock, cloud.accountId);
  return {
    name: 'iam',
    state,
    schemas: () => import('@aws-sdk/client-iam') as Promise<Record<string, unknown>>,
    operations: {
      ...roleOperations(state),
      ...userOperations(state),
      ...accessKeyOperations(state),
      ...serviceCredentialOperations(state),
      ...managedPolicyOperations(state),
      ...simulateOperations(state),
    },
    reset: () => state.clear(),
  };
}
