import type { Cloud } from '../../cloud.ts';
import type { Alarm, AlarmHistoryItem, AlarmInput, AlarmState } from './alarm.ts';
import { act } from './alarm-actions.ts';
import { judge } from './alarm-judgement.ts';
import { checkAlarm } from './alarm-validation.ts';
import type { MetricStore } from './metrics.ts';

/**
 * Alarms, evaluated when data arrive and when a period ends, so that a person at a laptop does not wait needlessly.
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

  /** Makes an alarm, or changes one, whose state stays as it is until it is looked at. */
  put(input: AlarmInput, region: string, tags: readonly { Key?: string; Value?: string }[] = []): Alarm {
    checkAlarm(input);
    const now = this.#cloud.clock.now();
    const existing = this.byName.get(input.AlarmName);
    existing?.timer?.cancel();
    const alarm: Alarm = existing ?? {
      arn: `arn:aws:cloudwatch:${region}:${this.#cloud.accountId}:alarm:${input.AlarmName}`,
      region,
      input,
      tags: new Map(tags.map(({ Key = '', Value = '' }) => [Key, Value])),
      state: 'INSUFFICIENT_DATA',
      reason: 'Unchecked: Initial alarm creation',
      configuredAt: now,
      stateUpdatedAt: now,
      history: [],
    };
    alarm.input = input;
    alarm.configuredAt = now;
    this.#note(alarm, 'ConfigurationUpdate', `Alarm "${input.AlarmName}" ${existing ? 'updated' : 'created'}`);
    this.byName.set(input.AlarmName, alarm);
    this.evaluate(alarm);
    return alarm;
  }

  remove(alarm: Alarm): void {
    alarm.timer?.cancel();
    this.byName.delete(alarm.input.AlarmName);
  }

  /** New data of a metric: its alarms are looked at now. */
  evaluateFor(namespace: string, metricName: string): void {
    for (const alarm of this.byName.values()) {
      if (alarm.input.Namespace === namespace && alarm.input.MetricName === metricName) this.evaluate(alarm);
    }
  }

  evaluate(alarm: Alarm): void {
    const { state, reason, mayChange } = judge(alarm, this.#metrics, this.#cloud.clock.now());
    if (state !== alarm.state) this.setState(alarm, state, reason);
    alarm.timer?.cancel();
    // Where data leave the window, or none of them is a verdict too, the passing of time alone can change the state.
    const period = (alarm.input.Period ?? 60) * 1000;
    alarm.timer = mayChange ? this.#cloud.clock.after(period, () => this.evaluate(alarm)) : undefined;
  }

  setState(alarm: Alarm, state: AlarmState, reason: string): void {
    const previous = { state: alarm.state, reason: alarm.reason, at: alarm.stateUpdatedAt };
    alarm.state = state;
    alarm.reason = reason;
    alarm.stateUpdatedAt = this.#cloud.clock.now();
    this.#note(alarm, 'StateUpdate', `Alarm updated from ${previous.state} to ${state}`);
    act(this.#cloud, alarm, previous, (summary) => this.#note(alarm, 'Action', summary));
  }

  #note(alarm: Alarm, type: AlarmHistoryItem['type'], summary: string): void {
    const { state, reason } = alarm;
    alarm.history.push({ at: this.#cloud.clock.now(), type, state, reason, summary });
  }
}
