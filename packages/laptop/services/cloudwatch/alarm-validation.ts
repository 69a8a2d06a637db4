import { own } from '../../own.ts';
import type { AlarmInput } from './alarm.ts';
import { comparisons } from './alarm-judgement.ts';
import { invalidCombination, missingParameter, validationError } from './errors.ts';
import { checkPeriod } from './metric-operations.ts';
import { isStatistic } from './metrics.ts';

const MOST_ACTIONS = 5;
const LONGEST_SECONDS = 86_400;
const treatments = ['breaching', 'notBreaching', 'ignore', 'missing'];

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html */
export function checkAlarm(input: AlarmInput & { Metrics?: unknown[]; ThresholdMetricId?: string }): void {
  if (input.Metrics?.length || input.ThresholdMetricId) {
    throw validationError(
      `Alarm ${input.AlarmName}: only alarms on one metric are supported on the laptop, not metric math.`,
    );
  }
  if (!input.AlarmName || input.AlarmName.length > 255) {
    throw validationError(
      `1 validation error detected: Value '${input.AlarmName}' at 'alarmName' failed to satisfy constraint: Member must have length between 1 and 255`,
    );
  }
  for (const name of ['MetricName', 'Namespace', 'Period', 'Threshold', 'EvaluationPeriods'] as const) {
    if (input[name] === undefined) throw missingParameter(name);
  }
  if (!own(comparisons, input.ComparisonOperator ?? '')) {
    throw validationError(`ComparisonOperator ${input.ComparisonOperator} is not supported on the laptop.`);
  }
  checkStatistic(input);
  checkPeriods(input);
  if (input.TreatMissingData !== undefined && !treatments.includes(input.TreatMissingData)) {
    throw validationError(`The value ${input.TreatMissingData} for parameter TreatMissingData is not supported.`);
  }
  for (const name of ['OKActions', 'AlarmActions', 'InsufficientDataActions'] as const) {
    checkActions(name, input[name] ?? []);
  }
}

function checkStatistic({ Statistic, ExtendedStatistic }: AlarmInput): void {
  if (Statistic === undefined && ExtendedStatistic === undefined) {
    throw missingParameter('Statistic or ExtendedStatistic');
  }
  if (Statistic !== undefined && ExtendedStatistic !== undefined) {
    throw invalidCombination('The parameters Statistic and ExtendedStatistic are mutually exclusive.');
  }
  const name = (ExtendedStatistic ?? Statistic) as string;
  if (!isStatistic(name)) throw validationError(`The statistic ${name} is not supported on the laptop.`);
}

function checkPeriods({ Period = 0, EvaluationPeriods = 0, DatapointsToAlarm }: AlarmInput): void {
  checkPeriod(Number(Period));
  if (EvaluationPeriods < 1) {
    throw validationError(
      `1 validation error detected: Value '${EvaluationPeriods}' at 'evaluationPeriods' failed to satisfy constraint: Member must have value greater than or equal to 1`,
    );
  }
  if (Period * EvaluationPeriods > Math.max(LONGEST_SECONDS, Period >= 3_600 ? 7 * LONGEST_SECONDS : 0)) {
    throw validationError(
      'Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400).',
    );
  }
  if (DatapointsToAlarm !== undefined && (DatapointsToAlarm < 1 || DatapointsToAlarm > EvaluationPeriods)) {
    throw validationError('DatapointsToAlarm must be less than or equal to EvaluationPeriods.');
  }
}

function checkActions(name: string, actions: readonly string[]): void {
  if (actions.length > MOST_ACTIONS) {
    throw validationError(`The collection ${name} must not have a size greater than ${MOST_ACTIONS}.`);
  }
  const other = actions.find((arn) => !/^arn:aws:(sns|lambda):[a-z0-9-]+:\d{12}:/.test(arn));
  if (other !== undefined) {
    throw validationError(
      `Invalid arn syntax: ${other}, or an action that is not supported on the laptop: topics and functions are.`,
    );
  }
}
