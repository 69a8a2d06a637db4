import type { MachineDefinition } from './interpreter/definition.ts';
import type { MapRunLimits } from './interpreter/frame.ts';

export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: Date;
  readonly type: string;
  readonly [details: string]: unknown;
}

export interface LoggingConfiguration {
  readonly level?: 'ALL' | 'ERROR' | 'FATAL' | 'OFF';
  readonly includeExecutionData?: boolean;
  readonly destinations?: readonly { readonly cloudWatchLogsLogGroup?: { readonly logGroupArn?: string } }[];
}

export interface StateMachine {
  readonly arn: string;
  readonly name: string;
  readonly type: 'STANDARD' | 'EXPRESS';
  readonly createdAt: Date;
  definitionText: string;
  definition: MachineDefinition;
  roleArn: string;
  /** Undefined until the first update. */
  revisionId: string | undefined;
  updatedAt: Date;
  loggingConfiguration?: LoggingConfiguration;
  tracingConfiguration?: unknown;
  tags: { key?: string; value?: string }[];
}

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

export interface Execution {
  readonly arn: string;
  readonly name: string;
  readonly machine: StateMachine;
  readonly definition: MachineDefinition;
  readonly input: string;
  readonly startedAt: Date;
  readonly history: HistoryEvent[];
  readonly stop: AbortController;
  /** Settles when the execution has ended. */
  ended: Promise<void>;
  status: ExecutionStatus;
  stoppedAt?: Date;
  output?: string;
  error?: string;
  cause?: string;
  mapRunArn?: string;
}

export interface MapRun {
  readonly arn: string;
  readonly executionArn: string;
  /** The machine with the Map's label: what the children are executions of. */
  readonly stateMachineArn: string;
  readonly startedAt: Date;
  readonly limits: MapRunLimits;
  /** Items of each child, in order. */
  readonly children: readonly number[];
  readonly executions: Execution[];
  /** Children that have ended, by how. */
  readonly ended: Record<Exclude<ExecutionStatus, 'RUNNING'>, { executions: number; items: number }>;
  stoppedAt?: Date;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED';
}
