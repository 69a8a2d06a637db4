import { AwsError } from '../../cloud.ts';
import type { Parameter, PutInput } from './parameter.ts';

const STANDARD_BYTES = 4_096;
const ADVANCED_BYTES = 8_192;
const LONGEST_NAME = 1_011;
const MOST_LEVELS = 15;
const types = ['String', 'StringList', 'SecureString'];

export const validation = (message: string) => new AwsError('ValidationException', message);

const nameRule =
  'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_';

/** https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html */
export function checkName(name: string): void {
  if (name.length > LONGEST_NAME) {
    throw validation(
      `1 validation error detected: Value '${name}' at 'name' failed to satisfy constraint: Member must have length less than or equal to ${LONGEST_NAME}`,
    );
  }
  if (/^\/?aws/i.test(name))
    throw new AwsError('AccessDeniedException', `No access to reserved parameter name: ${name}.`);
  if (/^\/?ssm/i.test(name) || !/^[a-zA-Z0-9_.\-/]+$/.test(name) || /\/\/|.\/$/.test(name)) throw validation(nameRule);
  if (name.includes('/') && !name.startsWith('/')) throw validation('Parameter name must be a fully qualified name.');
  if (name.split('/').length - 1 > MOST_LEVELS) {
    throw new AwsError(
      'HierarchyLevelLimitExceededException',
      `Hierarchy depth is limited to ${MOST_LEVELS} levels: the name has ${name.split('/').length - 1}.`,
    );
  }
}

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html */
export function checkPut(input: PutInput, existing: Parameter | undefined): void {
  const { Type: type = existing?.type, Policies, DataType = 'text' } = input;
  if (existing && !input.Overwrite) {
    throw new AwsError(
      'ParameterAlreadyExists',
      'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
    );
  }
  if (input.Overwrite && input.Tags?.length) {
    throw validation(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
    );
  }
  if (!type) throw validation('A parameter type is required when you create a parameter.');
  if (!types.includes(type)) {
    throw validation(
      `1 validation error detected: Value '${type}' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [SecureString, StringList, String]`,
    );
  }
  if (existing && type !== existing.type) {
    throw new AwsError(
      'HierarchyTypeMismatchException',
      "Parameter Store does not support changing a parameter type in a hierarchy. For example, you can't change a parameter from a String type to a SecureString type. You must create a new, unique parameter.",
    );
  }
  if (Policies && Policies !== '[]') throw validation('Parameter policies are not supported on the laptop.');
  if (DataType !== 'text') throw validation(`The data type ${DataType} is not supported on the laptop: text is.`);
  checkValue(input, existing);
}

function checkValue(input: PutInput, existing: Parameter | undefined): void {
  // A value that may be a secret is not quoted.
  if (input.Value === '') {
    throw validation(
      "1 validation error detected: Value at 'value' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  }
  const pattern = input.AllowedPattern ?? existing?.allowedPattern;
  if (pattern && !compile(pattern).test(input.Value)) {
    throw new AwsError(
      'ParameterPatternMismatchException',
      `Parameter value, cannot be validated against allowedPattern: ${pattern}`,
    );
  }
  tierOf(input, existing);
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch (cause) {
    throw new AwsError('InvalidAllowedPatternException', `The regular expression is not valid: ${pattern}`, { cause });
  }
}

/** Intelligent tiering takes the cheaper tier that holds the value; a parameter never goes back to a lower one. */
export function tierOf(input: PutInput, existing: Parameter | undefined): Parameter['tier'] {
  const bytes = Buffer.byteLength(input.Value);
  const wanted = input.Tier ?? existing?.tier ?? 'Standard';
  const chosen = wanted === 'Intelligent-Tiering' ? (bytes > STANDARD_BYTES ? 'Advanced' : 'Standard') : wanted;
  if (existing?.tier === 'Advanced' && input.Tier === 'Standard') {
    throw validation(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced parameter and recreate it as a standard parameter.",
    );
  }
  const tier = existing?.tier === 'Advanced' ? 'Advanced' : chosen;
  if (bytes <= (tier === 'Advanced' ? ADVANCED_BYTES : STANDARD_BYTES)) return tier;
  throw validation(
    tier === 'Standard'
      ? 'Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html'
      : 'Advanced tier parameters support a maximum parameter value of 8192 characters.',
  );
}
