import { type Access, AwsError, type Call, type Operation } from '../../service.ts';
import type { Alarm, AlarmInput, AlarmState, Alarms } from './alarms.ts';

/** Alarms by name: put, described, set, enabled, deleted. */
export function alarmOperations(alarms: Alarms): Record<string, Operation> {
  const access =
    (action: string) =>
    (input: { AlarmName?: string; AlarmNames?: string[] }, call: Call): Access[] =>
      (input.AlarmNames ?? [input.AlarmName ?? '*']).map((name) => ({
        action: `cloudwatch:${action}`,
        resource: `arn:aws:cloudwatch:${call.region}:${call.accountId}:alarm:${name}`,
      }));
  const enable = (action: string, isEnabled: boolean): Operation => ({
    access: access(action),
    handle: (input: { AlarmNames: string[] }) => {
      for (const name of input.AlarmNames) require(alarms, name).input.ActionsEnabled = isEnabled;
      return {};
    },
  });
  return {
    PutMetricAlarm: {
      access: access('PutMetricAlarm'),
      handle: (input: AlarmInput, call) => {
        alarms.put(input, call.region);
        return {};
      },
    },
    DescribeAlarms: {
      access: access('DescribeAlarms'),
      handle: (input: { AlarmNames?: string[]; AlarmNamePrefix?: string; StateValue?: AlarmState }) => ({
        MetricAlarms: [...alarms.byName.values()]
          .filter(({ input: alarm }) => !input.AlarmNames?.length || input.AlarmNames.includes(alarm.AlarmName))
          .filter(({ input: alarm }) => alarm.AlarmName.startsWith(input.AlarmNamePrefix ?? ''))
          .filter(({ state }) => input.StateValue === undefined || state === input.StateValue)
          .map(describe),
        CompositeAlarms: [],
      }),
    },
    DescribeAlarmHistory: {
      access: access('DescribeAlarmHistory'),
      handle: (input: { AlarmName?: string }) => ({
        AlarmHistoryItems: [...alarms.byName.values()]
          .filter(({ input: alarm }) => input.AlarmName === undefined || alarm.AlarmName === input.AlarmName)
          .flatMap(({ input: alarm, history }) =>
            history.map(({ at, state, reason }) => ({
              AlarmName: alarm.AlarmName,
              AlarmType: 'MetricAlarm',
              Timestamp: at,
              HistoryItemType: 'StateUpdate',
              HistorySummary: `Alarm updated to ${state}`,
              HistoryData: JSON.stringify({ reason }),
            })),
          )
          .reverse(),
      }),
    },
    SetAlarmState: {
      access: access('SetAlarmState'),
      handle: (input: { AlarmName: string; StateValue: AlarmState; StateReason: string }) => {
        alarms.setState(require(alarms, input.AlarmName), input.StateValue, input.StateReason);
        return {};
      },
    },
    EnableAlarmActions: enable('EnableAlarmActions', true),
    DisableAlarmActions: enable('DisableAlarmActions', false),
    DeleteAlarms: {
      access: access('DeleteAlarms'),
      handle: (input: { AlarmNames: string[] }) => {
        for (const name of input.AlarmNames) {
          alarms.byName.get(name)?.timer?.cancel();
          alarms.byName.delete(name);
        }
        return {};
      },
    },
  };
}

function require(alarms: Alarms, name: string): Alarm {
  const alarm = alarms.byName.get(name);
  if (alarm) return alarm;
  throw new AwsError('ResourceNotFound', `Alarm ${name} does not exist.`, { httpStatus: 404 });
}

function describe(alarm: Alarm): Record<string, unknown> {
  return {
    ActionsEnabled: true,
    OKActions: [],
    AlarmActions: [],
    InsufficientDataActions: [],
    ...alarm.input,
    AlarmArn: alarm.arn,
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateUpdatedTimestamp: alarm.stateUpdatedAt,
    StateTransitionedTimestamp: alarm.stateUpdatedAt,
  };
}
