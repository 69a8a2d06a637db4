import type { Cloud, Service } from '../../cloud.ts';
import { alarmOperations } from './alarm-operations.ts';
import { Alarms } from './alarms.ts';
import { dashboardOperations } from './dashboards.ts';
import { embeddedMetrics } from './embedded-metrics.ts';
import { metricOperations, type PutDatum } from './metric-operations.ts';
import { MetricStore } from './metrics.ts';

export interface ServiceMetric {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
  readonly unit: string;
  readonly timestamp?: Date;
}

export interface CloudwatchService extends Service {
  /** CloudWatch's signing name. */
  readonly name: 'monitoring';
  readonly metrics: MetricStore;
  readonly alarms: Alarms;
  readonly dashboards: Map<string, { body: string; modifiedAt: Date }>;
  putServiceMetric(metric: ServiceMetric): void;
  /** Log lines in the embedded metric format become metrics. */
  acceptLogLine(line: string): void;
}

export default function createCloudwatchService(cloud: Cloud): CloudwatchService {
  const metrics = new MetricStore();
  const alarms = new Alarms(cloud, metrics);
  const dashboards: CloudwatchService['dashboards'] = new Map();
  const put: PutDatum = ({ namespace, metricName, dimensions }, datum) => {
    metrics.put(namespace, metricName, dimensions, datum);
    alarms.evaluateFor(namespace, metricName);
  };
  const putServiceMetric = (metric: ServiceMetric): void => {
    const timestamp = (metric.timestamp ?? cloud.clock.now()).getTime();
    put(metric, { value: metric.value, unit: metric.unit, timestamp });
  };
  return {
    name: 'monitoring',
    metrics,
    alarms,
    dashboards,
    putServiceMetric,
    acceptLogLine: (line) => {
      for (const { values, timestamp, ...metric } of embeddedMetrics(line)) {
        for (const value of values) putServiceMetric({ ...metric, value, timestamp: new Date(timestamp) });
      }
    },
    schemas: () => import('@aws-sdk/client-cloudwatch') as Promise<Record<string, unknown>>,
    operations: {
      ...metricOperations(metrics, put, cloud.clock),
      ...alarmOperations(alarms),
      ...dashboardOperations(dashboards, cloud),
    },
    reset: () => {
      alarms.clear();
      metrics.clear();
      dashboards.clear();
    },
    close: () => alarms.clear(),
  };
}
