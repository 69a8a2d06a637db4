import { AwsError } from '../cloud.ts';
import type { ActiveRule } from './rule.ts';
import { NoAnswer, throttlingError } from './throttling.ts';

/** What a call that the rule strikes is refused with; undefined for a rule that lets it pass, late or for a killed caller. */
export function refusalOf(rule: ActiveRule, service: string): AwsError | undefined {
  switch (rule.kind) {
    case 'throttle':
      return throttlingError(service);
    case 'error':
      return new AwsError(
        rule.code ?? 'InternalFailure',
        rule.message ?? 'The request processing has failed because of an unknown error, exception or failure.',
        { httpStatus: rule.httpStatus ?? (rule.code ? 400 : 500) },
      );
    case 'time-out':
      return new NoAnswer('never');
    case 'reset':
      return new NoAnswer('reset');
    default:
      return undefined;
  }
}
