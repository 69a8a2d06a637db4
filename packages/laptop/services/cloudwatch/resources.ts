import { onlyProperties, type ResourceProvider } from '../../assembly/resource.ts';
import type { CloudwatchService } from './service.ts';

const alarm: ResourceProvider = {
  type: 'AWS::CloudWatch::Alarm',
  create(resource, cloud) {
    onlyProperties(resource, [
      'AlarmName',
      'AlarmDescription',
      'ActionsEnabled',
      'OKActions',
      'AlarmActions',
      'InsufficientDataActions',
      'Namespace',
      'MetricName',
      'Dimensions',
      'Statistic',
      'ExtendedStatistic',
      'Period',
      'EvaluationPeriods',
      'DatapointsToAlarm',
      'Threshold',
      'ComparisonOperator',
      'TreatMissingData',
      'Unit',
      'Tags',
    ]);
    const { Tags, ...properties } = resource.properties;
    const name = properties.AlarmName ?? `${resource.stackName}-${resource.logicalId}`;
    const made = cloud
      .service<CloudwatchService>('monitoring')
      .alarms.put({ ...properties, AlarmName: name }, cloud.region, Tags);
    return { ref: name, attributes: { Arn: made.arn } };
  },
};

const dashboard: ResourceProvider = {
  type: 'AWS::CloudWatch::Dashboard',
  create(resource, cloud) {
    onlyProperties(resource, ['DashboardName', 'DashboardBody']);
    const name = resource.properties.DashboardName ?? `${resource.stackName}-${resource.logicalId}`;
    cloud
      .service<CloudwatchService>('monitoring')
      .dashboards.set(name, { body: resource.properties.DashboardBody, modifiedAt: cloud.clock.now() });
    return { ref: name };
  },
};

export const resources: ResourceProvider[] = [alarm, dashboard];
