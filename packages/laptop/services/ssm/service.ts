import type { Cloud, Service } from '../../cloud.ts';
import { Parameters } from './parameters.ts';
import { readOperations } from './read-operations.ts';
import { writeOperations } from './write-operations.ts';

export interface SsmService extends Service {
  readonly name: 'ssm';
  readonly parameters: Parameters;
}

/** Parameter Store. https://docs.aws.amazon.com/systems-manager/latest/APIReference/Welcome.html */
export default function createSsmService(cloud: Cloud): SsmService {
  const parameters = new Parameters(cloud);
  return {
    name: 'ssm',
    parameters,
    schemas: () => import('@aws-sdk/client-ssm') as Promise<Record<string, unknown>>,
    operations: { ...readOperations(parameters), ...writeOperations(parameters) },
    reset: () => parameters.clear(),
  };
}
