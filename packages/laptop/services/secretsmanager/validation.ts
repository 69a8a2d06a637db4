import { AwsError, type Call } from '../../cloud.ts';
import { own } from '../../own.ts';

interface Rule {
  /** Characters of a text, bytes of a value, members of a list. */
  readonly length?: readonly [least: number, most: number];
  readonly range?: readonly [least: number, most: number];
  readonly pattern?: string;
  readonly values?: readonly string[];
  /** Holds a secret: messages never show it. */
  readonly isSensitive?: true;
  /** What each text of a list must be. */
  readonly each?: Rule;
}

const NO_LIMIT = Number.POSITIVE_INFINITY;
const token: Rule = { length: [32, 64] };
const secretId: Rule = { length: [1, 2048] };
const region: Rule = { length: [1, 128] };
const filterValue: Rule = { length: [0, 512], pattern: '^\\!?[a-zA-Z0-9 :_@\\/\\+\\=\\.\\-\\!]*$' };

/** Lengths, ranges, patterns and enumerations of the service's model, by member of a request. */
const rules: Readonly<Record<string, Rule>> = {
  SecretId: secretId,
  SecretIdList: { length: [1, 20], each: secretId },
  Name: { length: [1, 512] },
  ClientRequestToken: token,
  VersionId: token,
  MoveToVersionId: token,
  RemoveFromVersionId: token,
  VersionStage: { length: [1, 256] },
  VersionStages: { length: [1, 20], each: { length: [1, 256] } },
  Description: { length: [0, 2048] },
  KmsKeyId: { length: [0, 2048] },
  SecretString: { length: [1, 65_536], isSensitive: true },
  SecretBinary: { length: [1, 65_536], isSensitive: true },
  ResourcePolicy: { length: [1, 20_480] },
  RotationLambdaARN: { length: [0, 2048] },
  RotationToken: { length: [36, 256], pattern: '^[a-zA-Z0-9\\-]+$', isSensitive: true },
  AutomaticallyAfterDays: { range: [1, 1000] },
  Duration: { length: [2, 3], pattern: '[0-9]+h' },
  ScheduleExpression: { length: [1, 256], pattern: '[0-9A-Za-z\\(\\)#\\?\\*\\-\\/, ]+' },
  PasswordLength: { range: [1, 4096] },
  ExcludeCharacters: { length: [0, 4096] },
  NextToken: { length: [1, 4096] },
  SortOrder: { values: ['asc', 'desc'] },
  SortBy: { values: ['created-date', 'last-accessed-date', 'last-changed-date', 'name'] },
  Filters: { length: [0, 10] },
  Values: { length: [1, 10], each: filterValue },
  AddReplicaRegions: { length: [1, NO_LIMIT] },
  RemoveReplicaRegions: { length: [1, NO_LIMIT], each: region },
  Region: region,
  TagKeys: { each: { length: [1, 128] } },
  Type: { length: [0, 256] },
};

/** Members of structures in lists, whose names mean something else at the top. */
const filterKeys = ['all', 'name', 'tag-key', 'description', 'tag-value', 'primary-region', 'owning-service'];
const nestedRules: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  Filters: { Key: { values: filterKeys } },
  Tags: { Key: { length: [1, 128] }, Value: { length: [0, 256] } },
};

/**
 * Checks a request against the model and answers as AWS's front end does: everything that is broken in one message,
 * then the name. https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
 */
export function validateRequest(input: Record<string, unknown>, options: { mostResults?: number } = {}): void {
  const results: Rule = { range: [1, options.mostResults ?? 100] };
  const problems = Object.entries(input).flatMap(([member, value]) =>
    memberProblems(
      lowerFirst(member),
      value,
      member === 'MaxResults' ? results : own(rules, member),
      own(nestedRules, member),
    ),
  );
  if (problems.length > 0) {
    const many = problems.length === 1 ? '' : 's';
    const message = `${problems.length} validation error${many} detected: ${problems.join('; ')}`;
    throw new AwsError('ValidationException', message);
  }
  if (typeof input.SecretId === 'string') validateSecretId(input.SecretId);
}

function memberProblems(
  path: string,
  value: unknown,
  rule: Rule | undefined,
  nested: Readonly<Record<string, Rule>> | undefined,
): string[] {
  if (value === undefined || value === null) return [];
  const broken = rule ? brokenConstraints(value, rule).map((text) => failed(path, value, rule, text)) : [];
  if (Array.isArray(value)) {
    const inside = value.flatMap((item, index) => structureProblems(`${path}.${index + 1}.member`, item, nested));
    return [...broken, ...inside];
  }
  return [...broken, ...structureProblems(path, value, nested)];
}

function structureProblems(path: string, value: unknown, nested: Readonly<Record<string, Rule>> | undefined): string[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([member, item]) =>
    memberProblems(
      `${path}.${lowerFirst(member)}`,
      item,
      (nested && own(nested, member)) ?? own(rules, member),
      undefined,
    ),
  );
}

function failed(path: string, value: unknown, rule: Rule, text: string): string {
  const shown = Array.isArray(value) ? `[${value.map(String).join(', ')}]` : String(value);
  return `Value ${rule.isSensitive ? '' : `'${shown}' `}at '${path}' failed to satisfy constraint: ${text}`;
}

function brokenConstraints(value: unknown, rule: Rule): string[] {
  const { length, range, pattern, values, each } = rule;
  const problems: string[] = [];
  const size = sizeOf(value, rule);
  if (length && size !== undefined && size > length[1]) problems.push(`${LENGTH} less than or equal to ${length[1]}`);
  if (length && size !== undefined && size < length[0])
    problems.push(`${LENGTH} greater than or equal to ${length[0]}`);
  if (range && typeof value === 'number' && value > range[1])
    problems.push(`${VALUE} less than or equal to ${range[1]}`);
  if (range && typeof value === 'number' && value < range[0])
    problems.push(`${VALUE} greater than or equal to ${range[0]}`);
  if (pattern && typeof value === 'string' && !new RegExp(`^(?:${pattern})$`).test(value))
    problems.push(patternText(pattern));
  if (values && typeof value === 'string' && !values.includes(value)) problems.push(enumerationText(values));
  if (each && Array.isArray(value) && value.some((item) => brokenConstraints(item, each).length > 0)) {
    problems.push(`Member must satisfy constraint: [${ruleTexts(each).join(', ')}]`);
  }
  return problems;
}

/** The quota of a secret value counts bytes. */
function sizeOf(value: unknown, { isSensitive }: Rule): number | undefined {
  if (typeof value === 'string') return isSensitive ? Buffer.byteLength(value) : value.length;
  return Array.isArray(value) || value instanceof Uint8Array ? value.length : undefined;
}

const LENGTH = 'Member must have length';
const VALUE = 'Member must have value';
const patternText = (pattern: string) => `Member must satisfy regular expression pattern: ${pattern}`;
const enumerationText = (values: readonly string[]) => `Member must satisfy enum value set: [${values.join(', ')}]`;

/** Everything that a rule asks for, which is how a list's members are refused. */
function ruleTexts({ length, pattern }: Rule): string[] {
  return [
    ...(length
      ? [`${LENGTH} less than or equal to ${length[1]}`, `${LENGTH} greater than or equal to ${length[0]}`]
      : []),
    ...(pattern ? [patternText(pattern)] : []),
  ];
}

/** Names may hold what the message says; services that own a secret put `!` in its name. */
function validateSecretId(secretId: string): void {
  if (secretId.startsWith('arn:') || /^[A-Za-z0-9/_+=.@!-]+$/.test(secretId)) return;
  throw invalidName();
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html: letters, digits and /_+=.@- */
export function validateName(name: string): void {
  if (!/^[A-Za-z0-9/_+=.@-]+$/.test(name)) throw invalidName();
}

const invalidName = () =>
  new AwsError(
    'ValidationException',
    'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
  );

/** SDKs and the CLI add the token by themselves, and so do callers inside the cloud; a bare request must. */
export function requireToken(
  input: { ClientRequestToken?: string },
  call: Call,
  code = 'InvalidRequestException',
): void {
  if (input.ClientRequestToken !== undefined || call.source === 'inside') return;
  throw new AwsError(code, 'You must provide a ClientRequestToken value. We recommend a UUID-type value.');
}

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

export function invalidRequest(message: string): AwsError {
  return new AwsError('InvalidRequestException', message);
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
