import type { Cloud, Service } from '../../cloud.ts';
import { Clockwork } from './clockwork.ts';
import { groupOperations } from './group-operations.ts';
import { scheduleOperations } from './schedule-operations.ts';
import { SchedulerState } from './state.ts';

export interface SchedulerService extends Service {
  readonly name: 'scheduler';
  readonly state: SchedulerState;
  readonly clockwork: Clockwork;
}

/** EventBridge Scheduler. https://docs.aws.amazon.com/scheduler/latest/APIReference/Welcome.html */
export default function createSchedulerService(cloud: Cloud): SchedulerService {
  const state = new SchedulerState(() => cloud.clock.now(), cloud.accountId);
  const clockwork = new Clockwork(cloud, state);
  return {
    name: 'scheduler',
    state,
    clockwork,
    schemas: () => import('@aws-sdk/client-scheduler') as Promise<Record<string, unknown>>,
    operations: { ...scheduleOperations(state, clockwork), ...groupOperations(state, clockwork) },
    reset() {
      clockwork.stop();
      state.clear();
    },
    close: () => clockwork.stop(),
  };
}
