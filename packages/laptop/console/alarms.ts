import type { RunningCloud } from '../running-cloud.ts';
import type { Alarm, AlarmState } from '../services/cloudwatch/alarm.ts';
import type { CloudwatchService } from '../services/cloudwatch/service.ts';

export interface AlarmView {
  readonly name: string;
  readonly arn: string;
  readonly description: string;
  readonly state: AlarmState;
  readonly reason: string;
  readonly since: Date;
  /** Newest first. */
  readonly history: readonly { readonly at: Date; readonly state: AlarmState; readonly reason: string }[];
}

const MOST_HISTORY = 20;
const rank: Readonly<Record<AlarmState, number>> = { ALARM: 0, INSUFFICIENT_DATA: 1, OK: 2 };

/** Every alarm, those that ring first. */
export function listAlarms(cloud: RunningCloud): AlarmView[] {
  const cloudwatch = cloud.services.get('monitoring') as CloudwatchService | undefined;
  return [...(cloudwatch?.alarms.byName.values() ?? [])]
    .map(alarmView)
    .sort((a, b) => rank[a.state] - rank[b.state] || a.name.localeCompare(b.name));
}

export function alarmView(alarm: Alarm): AlarmView {
  return {
    name: alarm.input.AlarmName,
    arn: alarm.arn,
    description: alarm.input.AlarmDescription ?? '',
    state: alarm.state,
    reason: alarm.reason,
    since: alarm.stateUpdatedAt,
    history: alarm.history
      .filter(({ type }) => type === 'StateUpdate')
      .slice(-MOST_HISTORY)
      .reverse(),
  };
}
