import type { Cloud, Service } from '../../cloud.ts';
import { aliasOperations } from './aliases.ts';
import { cryptographicOperations } from './cryptography.ts';
import { keyOperations } from './keys.ts';
import { type Key, KmsState } from './state.ts';
import { checkUse, type KeyUse } from './use.ts';

export interface KmsService extends Service {
  readonly name: 'kms';
  readonly state: KmsState;
  /**
   * For services that encrypt with a key on the caller's behalf (Secrets Manager, Parameter Store): rejects with KMS's
   * AccessDeniedException, DisabledException, NotFoundException or KMSInvalidStateException when this use is refused.
   */
  checkUse(use: KeyUse): Promise<Key>;
  /** The policy of the key with this ARN or alias ARN, as a document; undefined when there is no such key. */
  policyOf(keyArn: string): unknown;
}

export default function createKmsService(cloud: Cloud): KmsService {
  const state = new KmsState(cloud.accountId, () => cloud.clock.now());
  return {
    name: 'kms',
    state,
    checkUse: (use) => checkUse(cloud, state, use),
    policyOf(keyArn) {
      const region = keyArn.split(':')[3] ?? cloud.region;
      return state.has(region, keyArn) ? JSON.parse(state.find(region, keyArn).policy) : undefined;
    },
    schemas: () => import('@aws-sdk/client-kms') as Promise<Record<string, unknown>>,
    operations: { ...keyOperations(state), ...aliasOperations(state), ...cryptographicOperations(state) },
    reset: () => state.clear(),
  };
}
