import type { Access, Call, Operation } from '../../cloud.ts';
import type { Alarm, AlarmInput, AlarmState } from './alarm.ts';
import type { Alarms } from './alarms.ts';
import { invalidCombination, notFound, pageOf, validationError } from './errors.ts';

const MOST_LISTED = 100;
const states = ['OK', 'ALARM', 'INSUFFICIENT_DATA'];

interface Tag {
  readonly Key: string;
  readonly Value: string;
}

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
      for (const alarm of named(alarms, input.AlarmNames)) alarm.input.ActionsEnabled = isEnabled;
    },
  });
  return {
    PutMetricAlarm: {
      access: access('PutMetricAlarm'),
      handle(input: AlarmInput & { Tags?: Tag[] }, call) {
        const { Tags, ...alarm } = input;
        alarms.put(alarm, call.region, Tags);
      },
    },
    DescribeAlarms: {
      validate: checkListing,
      access: access('DescribeAlarms'),
      handle: (input) => describeAlarms(alarms, input),
    },
    DescribeAlarmsForMetric: {
      access: access('DescribeAlarmsForMetric'),
      handle: (input: { Namespace: string; MetricName: string }) => ({
        MetricAlarms: [...alarms.byName.values()]
          .filter(({ input: alarm }) => alarm.Namespace === input.Namespace && alarm.MetricName === input.MetricName)
          .map(describe),
      }),
    },
    DescribeAlarmHistory: {
      access: access('DescribeAlarmHistory'),
      handle: (input) => describeHistory(alarms, input),
    },
    SetAlarmState: {
      validate: (input) => checkState(input.StateValue),
      access: access('SetAlarmState'),
      handle: (input: { AlarmName: string; StateValue: AlarmState; StateReason: string }) => {
        const alarm = alarms.byName.get(input.AlarmName);
        if (!alarm) throw notFound();
        alarms.setState(alarm, input.StateValue, input.StateReason);
      },
    },
    EnableAlarmActions: enable('EnableAlarmActions', true),
    DisableAlarmActions: enable('DisableAlarmActions', false),
    DeleteAlarms: {
      access: access('DeleteAlarms'),
      // Those that are there are deleted, whatever else was named.
      handle: (input: { AlarmNames: string[] }) => {
        const found = named(alarms, input.AlarmNames);
        for (const alarm of found) alarms.remove(alarm);
        if (found.length < input.AlarmNames.length) throw notFound();
      },
    },
    ...tagOperations(alarms),
  };
}

function tagOperations(alarms: Alarms): Record<string, Operation> {
  const access =
    (action: string) =>
    (input: { ResourceARN: string }): Access[] => [{ action: `cloudwatch:${action}`, resource: input.ResourceARN }];
  const find = (arn: string): Alarm => {
    const found = [...alarms.byName.values()].find((alarm) => alarm.arn === arn);
    if (found) return found;
    throw notFound();
  };
  return {
    ListTagsForResource: {
      access: access('ListTagsForResource'),
      handle: (input: { ResourceARN: string }) => ({
        Tags: [...find(input.ResourceARN).tags].map(([Key, Value]) => ({ Key, Value })),
      }),
    },
    TagResource: {
      access: access('TagResource'),
      handle(input: { ResourceARN: string; Tags: Tag[] }) {
        const { tags } = find(input.ResourceARN);
        for (const { Key, Value } of input.Tags) tags.set(Key, Value);
        return {};
      },
    },
    UntagResource: {
      access: access('UntagResource'),
      handle(input: { ResourceARN: string; TagKeys: string[] }) {
        const { tags } = find(input.ResourceARN);
        for (const key of input.TagKeys) tags.delete(key);
        return {};
      },
    },
  };
}

const named = (alarms: Alarms, names: readonly string[]) =>
  names.map((name) => alarms.byName.get(name)).filter((alarm) => alarm !== undefined);

function checkState(state: string | undefined): void {
  if (state === undefined || states.includes(state)) return;
  throw validationError(
    `1 validation error detected: Value '${state}' at 'stateValue' failed to satisfy constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]`,
  );
}

interface Listing {
  readonly AlarmNames?: readonly string[];
  readonly AlarmNamePrefix?: string;
  readonly StateValue?: AlarmState;
  readonly ActionPrefix?: string;
  readonly MaxRecords?: number;
  readonly NextToken?: string;
}

function checkListing(input: Listing): void {
  if (input.AlarmNames?.length && input.AlarmNamePrefix !== undefined) {
    throw invalidCombination('The parameters AlarmNames and AlarmNamePrefix are mutually exclusive.');
  }
  checkState(input.StateValue);
  const { MaxRecords: most } = input;
  if (most !== undefined && (most < 1 || most > MOST_LISTED)) {
    throw validationError(
      `1 validation error detected: Value '${most}' at 'maxRecords' failed to satisfy constraint: Member must have value between 1 and ${MOST_LISTED}`,
    );
  }
}

function describeAlarms(alarms: Alarms, input: Listing) {
  const actionsOf = ({ AlarmActions = [], OKActions = [], InsufficientDataActions = [] }: AlarmInput) => [
    ...AlarmActions,
    ...OKActions,
    ...InsufficientDataActions,
  ];
  const found = [...alarms.byName.values()]
    .filter(({ input: alarm }) => !input.AlarmNames?.length || input.AlarmNames.includes(alarm.AlarmName))
    .filter(({ input: alarm }) => alarm.AlarmName.startsWith(input.AlarmNamePrefix ?? ''))
    .filter(({ state }) => input.StateValue === undefined || state === input.StateValue)
    .filter(
      ({ input: alarm }) =>
        input.ActionPrefix === undefined ||
        actionsOf(alarm).some((action) => action.startsWith(input.ActionPrefix as string)),
    )
    .sort((a, b) => (a.input.AlarmName < b.input.AlarmName ? -1 : 1));
  const { page, NextToken } = pageOf(found, input.MaxRecords ?? MOST_LISTED, input.NextToken);
  return { MetricAlarms: page.map(describe), CompositeAlarms: [], NextToken };
}

function describeHistory(
  alarms: Alarms,
  input: {
    AlarmName?: string;
    HistoryItemType?: string;
    StartDate?: Date;
    EndDate?: Date;
    ScanBy?: string;
    MaxRecords?: number;
    NextToken?: string;
  },
) {
  const items = [...alarms.byName.values()]
    .filter(({ input: alarm }) => input.AlarmName === undefined || alarm.AlarmName === input.AlarmName)
    .flatMap(({ input: alarm, history }) => history.map((item) => ({ alarm, item })))
    .filter(({ item }) => input.HistoryItemType === undefined || item.type === input.HistoryItemType)
    .filter(
      ({ item }) => (!input.StartDate || item.at >= input.StartDate) && (!input.EndDate || item.at <= input.EndDate),
    );
  if (input.ScanBy !== 'TimestampAscending') items.reverse();
  const { page, NextToken } = pageOf(items, input.MaxRecords ?? MOST_LISTED, input.NextToken);
  return {
    NextToken,
    AlarmHistoryItems: page.map(({ alarm, item }) => ({
      AlarmName: alarm.AlarmName,
      AlarmType: 'MetricAlarm',
      Timestamp: item.at,
      HistoryItemType: item.type,
      HistorySummary: item.summary,
      HistoryData: JSON.stringify({
        version: '1.0',
        newState: { stateValue: item.state, stateReason: item.reason },
      }),
    })),
  };
}

function describe(alarm: Alarm): Record<string, unknown> {
  return {
    ActionsEnabled: true,
    OKActions: [],
    AlarmActions: [],
    InsufficientDataActions: [],
    Dimensions: [],
    ...alarm.input,
    AlarmArn: alarm.arn,
    AlarmConfigurationUpdatedTimestamp: alarm.configuredAt,
    StateValue: alarm.state,
    StateReason: alarm.reason,
    StateUpdatedTimestamp: alarm.stateUpdatedAt,
    StateTransitionedTimestamp: alarm.stateUpdatedAt,
  };
}
