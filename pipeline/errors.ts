export { KeyturnError } from './contracts/errors.ts';

/** Whether it is an error of one of these names. AWS's query services answer some with "Exception" at the end, some without. */
export function isNamed(error: unknown, ...names: string[]): error is Error {
  return error instanceof Error && names.some((name) => error.name === name || error.name === `${name}Exception`);
}
