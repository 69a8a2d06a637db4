import type { Cloud } from '../../cloud.ts';
import { servicePrincipal } from '../../identity/principals.ts';
import type { Alarm, AlarmState } from './alarm.ts';

interface PreviousState {
  readonly state: AlarmState;
  readonly reason: string;
  readonly at: Date;
}

/** What a change of state sets off: an event, and the actions of the new state. `note` keeps what was done. */
export function act(cloud: Cloud, alarm: Alarm, previous: PreviousState, note: (summary: string) => void): void {
  cloud.publish(stateChange(alarm, previous));
  const { input, state } = alarm;
  if (input.ActionsEnabled === false) return;
  const actions = { ALARM: input.AlarmActions, OK: input.OKActions, INSUFFICIENT_DATA: input.InsufficientDataActions };
  for (const action of actions[state] ?? []) {
    const sent =
      action.split(':')[2] === 'lambda' ? invoke(cloud, alarm, action) : publish(cloud, alarm, action, previous);
    sent.then(
      () => note(`Successfully executed action ${action}`),
      (error) => {
        const reason = error instanceof Error ? error.message : String(error);
        note(`Failed to execute action ${action}. Received error: "${reason}"`);
        cloud.log(`cloudwatch: alarm ${input.AlarmName} could not act: ${reason}`);
      },
    );
  }
}

/** `2026-01-01T00:00:00.000+0000`, as alarms write it. */
const timeText = (date: Date) => date.toISOString().replace('Z', '+0000');

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html */
function stateChange(alarm: Alarm, previous: PreviousState) {
  const { input } = alarm;
  return {
    source: 'aws.cloudwatch',
    detailType: 'CloudWatch Alarm State Change',
    resources: [alarm.arn],
    region: alarm.region,
    detail: {
      alarmName: input.AlarmName,
      configuration: {
        ...(input.AlarmDescription === undefined ? {} : { description: input.AlarmDescription }),
        metrics: [
          {
            id: 'm1',
            metricStat: {
              metric: {
                namespace: input.Namespace,
                name: input.MetricName,
                dimensions: Object.fromEntries((input.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])),
              },
              period: input.Period,
              stat: input.ExtendedStatistic ?? input.Statistic,
            },
            returnData: true,
          },
        ],
      },
      state: { value: alarm.state, reason: alarm.reason, timestamp: timeText(alarm.stateUpdatedAt) },
      previousState: { value: previous.state, reason: previous.reason, timestamp: timeText(previous.at) },
    },
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html */
async function invoke(cloud: Cloud, alarm: Alarm, functionArn: string): Promise<void> {
  const { input } = alarm;
  const payload = {
    source: 'aws.cloudwatch',
    alarmArn: alarm.arn,
    accountId: cloud.accountId,
    time: timeText(alarm.stateUpdatedAt),
    region: alarm.region,
    alarmData: {
      alarmName: input.AlarmName,
      state: { value: alarm.state, reason: alarm.reason, timestamp: timeText(alarm.stateUpdatedAt) },
    },
  };
  await cloud.call({
    service: 'lambda',
    operation: 'Invoke',
    region: functionArn.split(':')[3] as string,
    input: {
      FunctionName: functionArn,
      InvocationType: 'Event',
      Payload: new TextEncoder().encode(JSON.stringify(payload)),
    },
    principal: servicePrincipal('lambda.alarms.cloudwatch.amazonaws.com', alarm.arn),
  });
}

/** The message that people get from SNS. */
async function publish(cloud: Cloud, alarm: Alarm, topicArn: string, previous: PreviousState): Promise<void> {
  const { input } = alarm;
  const message = {
    AlarmName: input.AlarmName,
    AlarmDescription: input.AlarmDescription ?? null,
    AWSAccountId: cloud.accountId,
    AlarmConfigurationUpdatedTimestamp: timeText(alarm.configuredAt),
    NewStateValue: alarm.state,
    NewStateReason: alarm.reason,
    StateChangeTime: timeText(alarm.stateUpdatedAt),
    Region: alarm.region,
    AlarmArn: alarm.arn,
    OldStateValue: previous.state,
    OKActions: input.OKActions ?? [],
    AlarmActions: input.AlarmActions ?? [],
    InsufficientDataActions: input.InsufficientDataActions ?? [],
    Trigger: {
      MetricName: input.MetricName,
      Namespace: input.Namespace,
      StatisticType: input.ExtendedStatistic === undefined ? 'Statistic' : 'ExtendedStatistic',
      ...(input.ExtendedStatistic === undefined
        ? { Statistic: String(input.Statistic).toUpperCase() }
        : { ExtendedStatistic: input.ExtendedStatistic }),
      Unit: input.Unit ?? null,
      Dimensions: (input.Dimensions ?? []).map(({ Name, Value }) => ({ value: Value, name: Name })),
      Period: input.Period,
      EvaluationPeriods: input.EvaluationPeriods,
      ...(input.DatapointsToAlarm === undefined ? {} : { DatapointsToAlarm: input.DatapointsToAlarm }),
      ComparisonOperator: input.ComparisonOperator,
      Threshold: input.Threshold,
      TreatMissingData: input.TreatMissingData ?? 'missing',
      EvaluateLowSampleCountPercentile: '',
    },
  };
  await cloud.call({
    service: 'sns',
    operation: 'Publish',
    region: topicArn.split(':')[3] as string,
    input: {
      TopicArn: topicArn,
      Subject: `${alarm.state}: "${input.AlarmName}" in ${alarm.region}`.slice(0, 100),
      Message: JSON.stringify(message),
    },
    principal: servicePrincipal('cloudwatch.amazonaws.com', alarm.arn),
  });
}
