import { AwsError } from '../cloud.ts';

type Check = readonly [path: string, value: unknown, ...constraints: Constraint[]];
/** Answers what a value fails to satisfy, in AWS's words; undefined when it does. */
type Constraint = (value: any) => string | undefined;

export const pattern =
  (expression: string): Constraint =>
  (value) =>
    new RegExp(`^(?:${expression})$`).test(value)
      ? undefined
      : `Member must satisfy regular expression pattern: ${expression}`;
export const longest =
  (most: number): Constraint =>
  (value: string | unknown[]) =>
    value.length <= most ? undefined : `Member must have length less than or equal to ${most}`;
export const shortest =
  (least: number): Constraint =>
  (value: string | unknown[]) =>
    value.length >= least ? undefined : `Member must have length greater than or equal to ${least}`;
export const between =
  (least: number, most: number): Constraint =>
  (value: number) => {
    if (value < least) return `Member must have value greater than or equal to ${least}`;
    return value > most ? `Member must have value less than or equal to ${most}` : undefined;
  };
export const oneOf =
  (...values: string[]): Constraint =>
  (value) =>
    values.includes(value) ? undefined : `Member must satisfy enum value set: [${values.join(', ')}]`;

/** Throws one ValidationException that names everything that is wrong. Absent members pass. */
export function check(...checks: readonly Check[]): void {
  const failures = checks.flatMap(([path, value, ...constraints]) => {
    if (value === undefined || value === null) return [];
    return constraints
      .map((constraint) => constraint(value))
      .filter((text) => text !== undefined)
      .map((text) => `Value '${String(value)}' at '${path}' failed to satisfy constraint: ${text}`);
  });
  if (failures.length === 0) return;
  const plural = failures.length === 1 ? 'error' : 'errors';
  throw new AwsError('ValidationException', `${failures.length} validation ${plural} detected: ${failures.join('; ')}`);
}
