import { AwsError } from '../../cloud.ts';
import { own } from '../../own.ts';
import type { Parameter } from './parameter.ts';

export interface ParameterFilter {
  readonly Key: string;
  readonly Option?: string;
  readonly Values?: readonly string[];
}

const fields: Readonly<Record<string, (parameter: Parameter) => readonly string[]>> = {
  Name: ({ name }) => [name],
  Type: ({ type }) => [type],
  KeyId: ({ keyId }) => (keyId === undefined ? [] : [keyId]),
  Tier: ({ tier }) => [tier],
  DataType: ({ dataType }) => [dataType],
  Label: ({ labels }) => labels,
};

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html */
export function matchesFilters(parameter: Parameter, filters: readonly ParameterFilter[]): boolean {
  return filters.every((filter) => matches(parameter, filter));
}

function matches(parameter: Parameter, { Key, Option, Values = [] }: ParameterFilter): boolean {
  if (Key === 'Path') return Values.some((path) => isUnder(parameter.name, path, Option === 'Recursive'));
  if (Key.startsWith('tag:')) {
    const value = parameter.tags.get(Key.slice('tag:'.length));
    return value !== undefined && (Values.length === 0 || Values.includes(value));
  }
  const field = own(fields, Key);
  if (!field) {
    throw new AwsError(
      'InvalidFilterKey',
      `The following filter key is not valid: ${Key}. Valid filter keys include: [Path, Name, Type, KeyId, Tier].`,
    );
  }
  const test = own(comparisons, Option ?? 'Equals');
  if (!test) {
    throw new AwsError(
      'InvalidFilterOption',
      `The following filter option is not valid: ${Option}. Valid options include: [BeginsWith, Equals, Contains].`,
    );
  }
  return field(parameter).some((text) => Values.some((value) => test(text, value)));
}

const comparisons: Readonly<Record<string, (text: string, value: string) => boolean>> = {
  Equals: (text, value) => text === value,
  BeginsWith: (text, value) => text.startsWith(value),
  Contains: (text, value) => text.includes(value),
};

/** Whether a name lies under a path: one level deeper, or any number of them. */
export function isUnder(name: string, path: string, isRecursive: boolean): boolean {
  const prefix = path.endsWith('/') ? path : `${path}/`;
  return name.startsWith(prefix) && (isRecursive || !name.slice(prefix.length).includes('/'));
}
