import type { Timer } from '../../clock.ts';
import type { Statistic } from './metrics.ts';

export type AlarmState = 'OK' | 'ALARM' | 'INSUFFICIENT_DATA';

export interface AlarmInput {
  AlarmName: string;
  AlarmDescription?: string;
  ActionsEnabled?: boolean;
  OKActions?: string[];
  AlarmActions?: string[];
  InsufficientDataActions?: string[];
  Namespace?: string;
  MetricName?: string;
  Dimensions?: { Name: string; Value: string }[];
  Statistic?: Statistic;
  ExtendedStatistic?: string;
  Period?: number;
  EvaluationPeriods?: number;
  DatapointsToAlarm?: number;
  Threshold?: number;
  ComparisonOperator?: string;
  TreatMissingData?: string;
  Unit?: string;
}

export interface AlarmHistoryItem {
  readonly at: Date;
  readonly type: 'ConfigurationUpdate' | 'StateUpdate' | 'Action';
  readonly state: AlarmState;
  readonly reason: string;
  readonly summary: string;
}

export interface Alarm {
  readonly arn: string;
  readonly region: string;
  input: AlarmInput;
  readonly tags: Map<string, string>;
  state: AlarmState;
  reason: string;
  configuredAt: Date;
  stateUpdatedAt: Date;
  readonly history: AlarmHistoryItem[];
  timer?: Timer;
}
