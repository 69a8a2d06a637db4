import { KeyturnError } from './contracts/errors.ts';

export { KeyturnError };

/** Whether another try cannot help. What is no error of ours may pass. */
export function isPermanent(error: unknown): boolean {
  return error instanceof KeyturnError && !error.retryable;
}

/** Whether it is an error of one of these names. AWS's query services answer some with "Exception" at the end, some without. */
export function isNamed(error: unknown, ...names: string[]): error is Error {
  return error instanceof Error && names.some((name) => error.name === name || error.name === `${name}Exception`);
}
