import type { Clock } from '../../../clock.ts';
import type { MachineDefinition } from './definition.ts';
import type { VariableScope } from './expressions.ts';
import type { Trail } from './trail.ts';

/** What one Task asks of the outside. */
export interface TaskCall {
  readonly resource: string;
  readonly arguments: unknown;
  readonly credentials: { RoleArn?: string } | undefined;
  readonly timeoutSeconds: number | undefined;
  readonly heartbeatSeconds: number | undefined;
  /** The token that `.waitForTaskToken` waits for, as the context object shows it. */
  readonly token: string;
  readonly signal: AbortSignal;
  /** The integration adds its own events. */
  readonly trail: Trail;
}

/** A distributed Map under way: its limits may be changed meanwhile. */
export interface MapRunHandle {
  readonly arn: string;
  readonly limits: MapRunLimits;
  /** Runs one child as an execution of its own and answers its output. @throws StatesError as the child failed */
  runChild(child: { input: unknown; index: number; items: number; signal: AbortSignal }): Promise<unknown>;
  end(status: 'SUCCEEDED' | 'FAILED' | 'ABORTED'): void;
}

export interface MapRunLimits {
  maxConcurrency: number;
  toleratedFailureCount: number | undefined;
  toleratedFailurePercentage: number | undefined;
}

export interface MachineHost {
  readonly clock: Clock;
  /** Share of their time that Wait and Retry take. */
  readonly timeScale: number;
  random(): number;
  invoke(task: TaskCall): Promise<unknown>;
  startMapRun(run: {
    definition: MachineDefinition;
    label: string | undefined;
    limits: MapRunLimits;
    /** Items of each child. */
    children: readonly number[];
  }): Promise<MapRunHandle>;
}

export interface Frame {
  readonly host: MachineHost;
  readonly scope: VariableScope;
  readonly context: Readonly<Record<string, unknown>>;
  readonly trail: Trail;
  readonly signal: AbortSignal;
}
