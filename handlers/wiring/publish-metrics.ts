import { Metrics } from '@aws-lambda-powertools/metrics';
import { METRIC_NAMESPACE, type Metric } from '../../pipeline/contracts/metrics.ts';

const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName: 'keyturn' });

/**
 * Writes metrics as log lines in CloudWatch's embedded metric format; what has a type of check is written under it too.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export function publishMetrics(measured: readonly Metric[]): void {
  for (const { name, unit, value } of measured) metrics.addMetric(name, unit, value);
  metrics.publishStoredMetrics();
  for (const { name, unit, value, checkType } of measured) {
    if (checkType) metrics.singleMetric().addDimension('checkType', checkType).addMetric(name, unit, value);
  }
}
