import type { Cloud } from '../../cloud.ts';
import type { Call, Service } from '../../service.ts';

export default function createStsService(_cloud: Cloud): Service {
  return {
    name: 'sts',
    schemas: () => import('@aws-sdk/client-sts') as Promise<Record<string, unknown>>,
    operations: {
      GetCallerIdentity: {
        handle: (_input, call: Call) => ({
          Account: call.accountId,
          Arn: call.principal.arn,
          UserId: call.principal.accessKeyId ?? call.accountId,
        }),
      },
    },
    reset() {},
  };
}
