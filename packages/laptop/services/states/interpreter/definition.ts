/** A state machine, as far as this interpreter reads it. https://states-language.net/ */
export interface MachineDefinition {
  readonly Comment?: string;
  readonly QueryLanguage?: string;
  readonly StartAt: string;
  readonly States: Readonly<Record<string, StateDefinition>>;
  readonly TimeoutSeconds?: number;
}

export interface StateDefinition {
  readonly Type: 'Task' | 'Choice' | 'Pass' | 'Wait' | 'Succeed' | 'Fail' | 'Map' | 'Parallel';
  readonly Comment?: string;
  readonly QueryLanguage?: string;
  readonly Next?: string;
  readonly End?: boolean;
  readonly Assign?: Record<string, unknown>;
  readonly Output?: unknown;
  readonly Arguments?: unknown;
  readonly Resource?: string;
  readonly Credentials?: unknown;
  /** Of a Pass in the JSONPath dialect. */
  readonly Result?: unknown;
  readonly TimeoutSeconds?: number | string;
  readonly HeartbeatSeconds?: number | string;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly Catcher[];
  readonly Choices?: readonly ChoiceRule[];
  readonly Default?: string;
  readonly Seconds?: number | string;
  readonly Timestamp?: string;
  readonly Error?: string;
  readonly Cause?: string;
  readonly Items?: unknown;
  readonly ItemSelector?: unknown;
  readonly ItemBatcher?: {
    MaxItemsPerBatch?: number | string;
    MaxInputBytesPerBatch?: number | string;
    BatchInput?: unknown;
  };
  readonly ItemProcessor?: MachineDefinition & {
    ProcessorConfig?: { Mode?: 'INLINE' | 'DISTRIBUTED'; ExecutionType?: string };
  };
  readonly MaxConcurrency?: number | string;
  readonly ToleratedFailurePercentage?: number | string;
  readonly ToleratedFailureCount?: number | string;
  readonly Label?: string;
  readonly Branches?: readonly MachineDefinition[];
}

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly MaxAttempts?: number;
  readonly BackoffRate?: number;
  readonly MaxDelaySeconds?: number;
  readonly JitterStrategy?: 'FULL' | 'NONE';
}

export interface Catcher {
  readonly ErrorEquals: readonly string[];
  readonly Next: string;
  readonly Assign?: Record<string, unknown>;
  readonly Output?: unknown;
}

export interface ChoiceRule {
  readonly Condition: unknown;
  readonly Next: string;
  readonly Assign?: Record<string, unknown>;
  readonly Output?: unknown;
}
