import type { MachineDefinition } from './interpreter/definition.ts';

export interface HistoryEvent {
  readonly id: number;
  readonly previousEventId: number;
  readonly timestamp: Date;
  readonly type: string;
  readonly [details: string]: unknown;
}

export interface StateMachine {
  readonly arn: string;
  readonly name: string;
  readonly type: 'STANDARD' | 'EXPRESS';
  readonly createdAt: Date;
  definitionText: string;
  definition: MachineDefinition;
  roleArn: string;
  revisionId: string;
  updatedAt: Date;
  loggingConfiguration?: unknown;
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
  readonly startedAt: Date;
  stoppedAt?: Date;
  status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED';
  total: number;
  succeeded: number;
  failed: number;
}
