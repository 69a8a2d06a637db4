import { AwsError, type Operation } from '../../cloud.ts';
import { between, check } from '../constraints.ts';
import { describeMapRun, type MapRuns } from './map-runs.ts';
import { type Page, paginate, validateArn, validatePage } from './requests.ts';

interface Limits {
  maxConcurrency?: number;
  toleratedFailureCount?: number;
  toleratedFailurePercentage?: number;
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/concepts-examine-map-run.html */
export function mapRunOperations(runs: MapRuns): Record<string, Operation> {
  const access = (action: string) => (input: { mapRunArn: string }) => [
    { action: `states:${action}`, resource: input.mapRunArn },
  ];
  return {
    DescribeMapRun: {
      access: access('DescribeMapRun'),
      handle: (input: { mapRunArn: string }) => {
        validateArn(input.mapRunArn, 'mapRun');
        return describeMapRun(runs.require(input.mapRunArn));
      },
    },
    ListMapRuns: {
      validate: (input) => validatePage(input),
      access: (input) => [{ action: 'states:ListMapRuns', resource: input.executionArn }],
      handle: (input: { executionArn: string } & Page) => {
        validateArn(input.executionArn, 'execution');
        const all = [...runs.byArn.values()].filter((run) => run.executionArn === input.executionArn).reverse();
        const { page, nextToken } = paginate(all, input);
        const mapRuns = page.map(({ executionArn, arn, stateMachineArn, startedAt, stoppedAt }) => ({
          executionArn,
          mapRunArn: arn,
          stateMachineArn,
          startDate: startedAt,
          stopDate: stoppedAt,
        }));
        return { mapRuns, nextToken };
      },
    },
    UpdateMapRun: {
      validate: (input: Limits) =>
        check(
          ['maxConcurrency', input.maxConcurrency, between(0, 10_000)],
          ['toleratedFailureCount', input.toleratedFailureCount, between(0, Number.MAX_SAFE_INTEGER)],
          ['toleratedFailurePercentage', input.toleratedFailurePercentage, between(0, 100)],
        ),
      access: access('UpdateMapRun'),
      handle: (input: { mapRunArn: string } & Limits) => {
        validateArn(input.mapRunArn, 'mapRun');
        const run = runs.require(input.mapRunArn);
        if (run.status !== 'RUNNING')
          throw new AwsError('ValidationException', `Map Run is not running: '${input.mapRunArn}'`);
        const { maxConcurrency, toleratedFailureCount, toleratedFailurePercentage } = input;
        if (maxConcurrency !== undefined) run.limits.maxConcurrency = maxConcurrency;
        if (toleratedFailureCount !== undefined) run.limits.toleratedFailureCount = toleratedFailureCount;
        if (toleratedFailurePercentage !== undefined)
          run.limits.toleratedFailurePercentage = toleratedFailurePercentage;
        return {};
      },
    },
  };
}
