import { AwsError } from '../../cloud.ts';
import type { Parameter } from './parameter.ts';

const MOST_LABELS = 10;

/** A label is at most 100 letters, digits, `.`, `-` and `_`, and begins neither with a digit nor with a reserved word. */
const isLabel = (label: string) => /^(?!aws|ssm|\d)[a-zA-Z0-9_.-]{1,100}$/i.test(label);

/**
 * Moves labels to a version. Labels that are none are answered, not refused.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-labels.html
 */
export function moveLabels(versions: readonly Parameter[], to: Parameter, labels: readonly string[]): string[] {
  const valid = labels.filter(isLabel);
  if (new Set([...to.labels, ...valid]).size > MOST_LABELS) {
    throw new AwsError(
      'ParameterVersionLabelLimitExceeded',
      `A parameter version can have maximum ${MOST_LABELS} labels. Move one or more labels to another version and try again.`,
    );
  }
  for (const version of versions) version.labels = version.labels.filter((label) => !valid.includes(label));
  to.labels.push(...new Set(valid));
  return labels.filter((label) => !isLabel(label));
}

/** Takes labels away; answers which were there. */
export function removeLabels(version: Parameter, labels: readonly string[]): string[] {
  const removed = version.labels.filter((label) => labels.includes(label));
  version.labels = version.labels.filter((label) => !labels.includes(label));
  return removed;
}
