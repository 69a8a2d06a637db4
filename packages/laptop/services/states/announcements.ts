import type { Cloud } from '../../cloud.ts';
import { servicesOf } from './execution-log.ts';
import type { Execution, ExecutionStatus } from './state.ts';

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
export function announce(cloud: Cloud, execution: Execution): void {
  const { arn, machine, name, status, startedAt, stoppedAt, input, output, error, cause } = execution;
  if (machine.type === 'EXPRESS') return;
  cloud.publish({
    source: 'aws.states',
    detailType: 'Step Functions Execution Status Change',
    resources: [arn],
    region: String(machine.arn.split(':')[3]),
    detail: {
      executionArn: arn,
      stateMachineArn: machine.arn,
      name,
      status,
      startDate: startedAt.getTime(),
      stopDate: stoppedAt?.getTime() ?? null,
      input,
      output: output ?? null,
      inputDetails: { included: true },
      outputDetails: output === undefined ? null : { included: true },
      error: error ?? null,
      cause: cause ?? null,
    },
  });
}

const metricNames: Record<ExecutionStatus, string> = {
  RUNNING: 'ExecutionsStarted',
  SUCCEEDED: 'ExecutionsSucceeded',
  FAILED: 'ExecutionsFailed',
  TIMED_OUT: 'ExecutionsTimedOut',
  ABORTED: 'ExecutionsAborted',
};

/** https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html */
export function measure(cloud: Cloud, execution: Execution): void {
  const { machine, status, startedAt, stoppedAt } = execution;
  const monitoring = servicesOf(cloud)?.get('monitoring') as
    | { putServiceMetric?(metric: Record<string, unknown>): void }
    | undefined;
  const metric = {
    namespace: 'AWS/States',
    dimensions: { StateMachineArn: machine.arn },
    timestamp: stoppedAt ?? startedAt,
  };
  monitoring?.putServiceMetric?.({ ...metric, metricName: metricNames[status], value: 1, unit: 'Count' });
  if (!stoppedAt) return;
  const value = stoppedAt.getTime() - startedAt.getTime();
  monitoring?.putServiceMetric?.({ ...metric, metricName: 'ExecutionTime', value, unit: 'Milliseconds' });
}
