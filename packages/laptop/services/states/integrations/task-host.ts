import type { Cloud, Principal } from '../../../cloud.ts';
import type { ServiceModel } from '../../../wire/service-model.ts';

export interface TaskHost {
  readonly cloud: Cloud;
  readonly region: string;
  /** The machine's role, or the one that the state's Credentials name. */
  principalFor(roleArn: string | undefined): Promise<Principal>;
  model(service: string): Promise<ServiceModel>;
  /** Waits until the token is answered. */
  waitForToken(token: string, signal: AbortSignal, heartbeat: () => void): Promise<unknown>;
  /** Waits for the end of a nested execution and describes it; `sync:2` has input and output parsed. */
  awaitExecution(arn: string, pattern: 'sync' | 'sync:2', principal: Principal, signal: AbortSignal): Promise<unknown>;
}
