import { quote } from '@keyturn/consumer/contracts/quote';

/** The last step that failed on the way to a version, as the history has it. For wording only. */
export interface StepFailure {
  readonly step: string;
  readonly code: string;
  readonly message: string;
}

/** `The last step that failed is setSecret: TargetRefused: no ADMIN on app.` The row is text from outside. */
export function explainStepFailure({ step, code, message }: StepFailure): string {
  const said = quote(`${step}: ${code}: ${message}`, []);
  return `The last step that failed is ${said}${/[.…]$/.test(said) ? '' : '.'}`;
}
