import { AwsError } from '../../service.ts';

interface Constraint {
  least?: number;
  most?: number;
  pattern?: RegExp;
  patternText?: string;
}

/** Lengths and patterns of the service's model, by request member. */
const constraints: Record<string, Constraint> = {
  SecretId: { least: 1, most: 2048 },
  Name: { least: 1, most: 512 },
  ClientRequestToken: { least: 32, most: 64 },
  Description: { most: 2048 },
  KmsKeyId: { most: 2048 },
  SecretString: { least: 1, most: 65_536 },
  VersionId: { least: 32, most: 64 },
  MoveToVersionId: { least: 32, most: 64 },
  RemoveFromVersionId: { least: 32, most: 64 },
  VersionStage: { least: 1, most: 256 },
  ResourcePolicy: { least: 1, most: 20_480 },
  RotationLambdaARN: { most: 2048 },
  RotationToken: { least: 36, most: 256, pattern: /^[a-zA-Z0-9-]+$/, patternText: '^[a-zA-Z0-9\\-]+$' },
  NextToken: { least: 1, most: 4096 },
};

/** Checks a request against the model, and answers as AWS's front end does: every broken constraint in one message. */
export function validateRequest(input: Record<string, unknown>): void {
  const problems: string[] = [];
  for (const [member, constraint] of Object.entries(constraints)) {
    const value = input[member];
    if (typeof value === 'string') problems.push(...brokenConstraints(lowerFirst(member), value, constraint));
  }
  problems.push(...brokenStages(input.VersionStages));
  if (problems.length === 0) return;
  const many = problems.length === 1 ? '' : 's';
  throw new AwsError(
    'ValidationException',
    `${problems.length} validation error${many} detected: ${problems.join('; ')}`,
  );
}

function brokenConstraints(place: string, value: string, { least, most, pattern, patternText }: Constraint): string[] {
  // Values of secrets never appear in messages.
  const shown = place === 'secretString' ? '***' : value;
  const failed = (text: string) => `Value '${shown}' at '${place}' failed to satisfy constraint: ${text}`;
  const problems: string[] = [];
  if (most !== undefined && value.length > most)
    problems.push(failed(`Member must have length less than or equal to ${most}`));
  if (least !== undefined && value.length < least)
    problems.push(failed(`Member must have length greater than or equal to ${least}`));
  if (pattern && !pattern.test(value))
    problems.push(failed(`Member must satisfy regular expression pattern: ${patternText}`));
  return problems;
}

function brokenStages(stages: unknown): string[] {
  if (!Array.isArray(stages)) return [];
  if (stages.length === 0 || stages.length > 20) {
    const text = stages.length === 0 ? 'greater than or equal to 1' : 'less than or equal to 20';
    return [
      `Value '[${stages.join(', ')}]' at 'versionStages' failed to satisfy constraint: Member must have length ${text}`,
    ];
  }
  const isBad = stages.some((stage) => typeof stage !== 'string' || stage.length < 1 || stage.length > 256);
  if (!isBad) return [];
  return [
    `Value '[${stages.join(', ')}]' at 'versionStages' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 256, Member must have length greater than or equal to 1]`,
  ];
}

export function invalidParameter(message: string): AwsError {
  return new AwsError('InvalidParameterException', message);
}

export function invalidRequest(message: string): AwsError {
  return new AwsError('InvalidRequestException', message);
}

export function validateName(name: string): void {
  if (/^[A-Za-z0-9/_+=.@-]+$/.test(name)) return;
  throw new AwsError(
    'ValidationException',
    'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
  );
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
