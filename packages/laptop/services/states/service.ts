import type { Cloud, Service } from '../../cloud.ts';
import { executionOperations } from './execution-operations.ts';
import { Executions } from './executions.ts';
import { machineOperations } from './machine-operations.ts';
import { Machines } from './machines.ts';
import { mapRunOperations } from './map-run-operations.ts';
import { tokenOperations } from './token-operations.ts';

export interface StatesService extends Service {
  readonly name: 'states';
  readonly machines: Machines;
  readonly executions: Executions;
}

export default function createStatesService(cloud: Cloud): StatesService {
  const machines = new Machines(cloud);
  const executions = new Executions(cloud);
  return {
    name: 'states',
    machines,
    executions,
    schemas: () => import('@aws-sdk/client-sfn') as Promise<Record<string, unknown>>,
    operations: {
      ...machineOperations(cloud, machines, executions),
      ...executionOperations(machines, executions),
      ...mapRunOperations(executions.mapRuns),
      ...tokenOperations(executions.tokens),
    },
    reset: () => {
      executions.reset();
      machines.clear();
    },
    close: () => executions.reset(),
  };
}
