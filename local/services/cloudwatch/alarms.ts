import type { Timer } from '../../clock.ts';
import type { Cloud } from '../../cloud.ts';
import { AwsError, type Principal } from '../../service.ts';
import { type MetricStore, type Statistic, statistic } from './metrics.ts';

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

export interface Alarm {
  readonly arn: string;
  readonly input: AlarmInput;
  state: AlarmState;
  reason: string;
  stateUpdatedAt: Date;
  readonly history: { at: Date; state: AlarmState; reason: string }[];
  timer?: Timer;
}

const comparisons: Record<string, (value: number, threshold: number) => boolean> = {
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  GreaterThanThreshold: (value, threshold) => value > threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

/**
 * Alarms, evaluated when data arrive and when a period ends, so that nobody waits needlessly in front of a laptop.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
 */
export class Alarms {
  readonly byName = new Map<string, Alarm>();
  readonly #cloud: Cloud;
  readonly #metrics: MetricStore;

  constructor(cloud: Cloud, metrics: MetricStore) {
    this.#cloud = cloud;
    this.#metrics = metrics;
  }

  clear(): void {
    for (const alarm of this.byName.values()) alarm.timer?.cancel();
    this.byName.clear();
  }

  put(input: AlarmInput, region: string): Alarm {
    if (!input.MetricName || !input.Namespace) {
      throw new AwsError(
        'ValidationError',
        `Alarm ${input.AlarmName}: only alarms on one metric are supported on the laptop, not metric math.`,
      );
    }
    if (!comparisons[input.ComparisonOperator ?? ''])
      throw new AwsError(
        'ValidationError',
        `ComparisonOperator ${input.ComparisonOperator} is not supported on the laptop.`,
      );
    this.byName.get(input.AlarmName)?.timer?.cancel();
    const alarm: Alarm = {
      arn: `arn:aws:cloudwatch:${region}:${this.#cloud.accountId}:alarm:${input.AlarmName}`,
      input,
      state: 'INSUFFICIENT_DATA',
      reason: 'Unchecked: Initial alarm creation',
      stateUpdatedAt: this.#cloud.clock.now(),
      history: [],
    };
    this.byName.set(input.AlarmName, alarm);
    this.evaluate(alarm);
    return alarm;
  }

  /** New data of a metric: its alarms are looked at now. */
  evaluateFor(namespace: string, metricName: string): void {
    for (const alarm of this.byName.values()) {
      if (alarm.input.Namespace === namespace && alarm.input.MetricName === metricName) this.evaluate(alarm);
    }
  }

  evaluate(alarm: Alarm): void {
    const { state, reason } = this.#judge(alarm);
    if (state !== alarm.state) this.setState(alarm, state, reason);
    alarm.timer?.cancel();
    // While data in the window make a difference, the alarm is looked at again when the period has passed.
    const period = (alarm.input.Period ?? 60) * 1000;
    if (alarm.state === 'ALARM') alarm.timer = this.#cloud.clock.after(period, () => this.evaluate(alarm));
  }

  setState(alarm: Alarm, state: AlarmState, reason: string): void {
    const previous = alarm.state;
    const now = this.#cloud.clock.now();
    alarm.state = state;
    alarm.reason = reason;
    alarm.stateUpdatedAt = now;
    alarm.history.push({ at: now, state, reason });
    this.#cloud.publish({
      source: 'aws.cloudwatch',
      detailType: 'CloudWatch Alarm State Change',
      resources: [alarm.arn],
      detail: {
        alarmName: alarm.input.AlarmName,
        state: { value: state, reason, timestamp: now.toISOString() },
        previousState: { value: previous },
      },
    });
    if (alarm.input.ActionsEnabled !== false) this.#act(alarm, previous);
  }

  /** Periods end now, so that a datum counts at once. */
  #judge(alarm: Alarm): { state: AlarmState; reason: string } {
    const { input } = alarm;
    const period = (input.Period ?? 60) * 1000;
    const periods = input.EvaluationPeriods ?? 1;
    const needed = input.DatapointsToAlarm ?? periods;
    const end = this.#cloud.clock.now().getTime() + 1;
    const dimensions = Object.fromEntries((input.Dimensions ?? []).map(({ Name, Value }) => [Name, Value]));
    const data = this.#metrics.find(String(input.Namespace), String(input.MetricName), dimensions)?.data ?? [];
    const name = (input.ExtendedStatistic ?? input.Statistic ?? 'Average') as Statistic;
    const points = Array.from({ length: periods }, (_, index) =>
      statistic(data, name, end - (index + 1) * period, end - index * period),
    );
    const breaches = comparisons[input.ComparisonOperator ?? ''] as (value: number, threshold: number) => boolean;
    const present = points.filter((point) => point !== undefined);
    const treat = input.TreatMissingData ?? 'missing';
    const threshold = input.Threshold ?? 0;
    const breaching = points.filter((point) =>
      point === undefined ? treat === 'breaching' : breaches(point, threshold),
    ).length;
    if (present.length === 0 && treat === 'missing')
      return { state: 'INSUFFICIENT_DATA', reason: 'Insufficient Data: no datapoints were received.' };
    if (present.length === 0 && treat === 'ignore') return { state: alarm.state, reason: alarm.reason };
    if (breaching >= needed) {
      return {
        state: 'ALARM',
        reason: `Threshold Crossed: ${breaching} datapoint${breaching === 1 ? '' : 's'} [${present.join(', ')}] was ${operatorText(input)} the threshold (${threshold}).`,
      };
    }
    return {
      state: 'OK',
      reason: `Threshold Crossed: no datapoints were received or they were not ${operatorText(input)} the threshold (${threshold}).`,
    };
  }

  #act(alarm: Alarm, previous: AlarmState): void {
    const { input, state } = alarm;
    const actions =
      state === 'ALARM' ? input.AlarmActions : state === 'OK' ? input.OKActions : input.InsufficientDataActions;
    for (const action of actions ?? []) {
      this.#send(alarm, action, previous).catch((error) =>
        this.#cloud.log(
          `cloudwatch: alarm ${input.AlarmName} could not act: ${error instanceof Error ? error.message : error}`,
        ),
      );
    }
  }

  async #send(alarm: Alarm, action: string, previous: AlarmState): Promise<void> {
    const service = 'cloudwatch.amazonaws.com';
    const principal: Principal = {
      kind: 'service',
      arn: service,
      identityArn: service,
      servicePrincipal: service,
      sessionName: alarm.arn,
    };
    const { input } = alarm;
    if (action.split(':')[2] === 'lambda') {
      const payload = {
        source: 'aws.cloudwatch',
        alarmArn: alarm.arn,
        alarmData: { alarmName: input.AlarmName, state: { value: alarm.state, reason: alarm.reason } },
      };
      await this.#cloud.call({
        service: 'lambda',
        operation: 'Invoke',
        input: {
          FunctionName: action,
          InvocationType: 'Event',
          Payload: new TextEncoder().encode(JSON.stringify(payload)),
        },
        principal,
      });
      return;
    }
    const message = {
      AlarmName: input.AlarmName,
      AlarmDescription: input.AlarmDescription ?? null,
      AWSAccountId: this.#cloud.accountId,
      NewStateValue: alarm.state,
      NewStateReason: alarm.reason,
      StateChangeTime: alarm.stateUpdatedAt.toISOString(),
      Region: this.#cloud.region,
      AlarmArn: alarm.arn,
      OldStateValue: previous,
      Trigger: {
        MetricName: input.MetricName,
        Namespace: input.Namespace,
        StatisticType: 'Statistic',
        Statistic: String(input.Statistic).toUpperCase(),
        Period: input.Period,
        EvaluationPeriods: input.EvaluationPeriods,
        ComparisonOperator: input.ComparisonOperator,
        Threshold: input.Threshold,
      },
    };
    await this.#cloud.call({
      service: 'sns',
      operation: 'Publish',
      input: {
        TopicArn: action,
        Subject: `${alarm.state}: "${input.AlarmName}" in ${this.#cloud.region}`,
        Message: JSON.stringify(message),
      },
      principal,
    });
  }
}

function operatorText(input: AlarmInput): string {
  return (input.ComparisonOperator ?? '')
    .replace(/([A-Z])/g, ' $1')
    .trim()
    .toLowerCase()
    .replace(' threshold', '');
}
