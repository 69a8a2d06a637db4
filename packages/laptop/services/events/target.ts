import type { TargetInput } from './input.ts';

export interface Target extends TargetInput {
  readonly Id: string;
  readonly Arn: string;
  readonly RoleArn?: string;
  readonly DeadLetterConfig?: { Arn?: string };
  readonly RetryPolicy?: { MaximumRetryAttempts?: number; MaximumEventAgeInSeconds?: number };
  readonly SqsParameters?: { MessageGroupId?: string };
}
