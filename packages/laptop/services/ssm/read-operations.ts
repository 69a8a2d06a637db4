import { type Access, AwsError, type Call, type Operation } from '../../cloud.ts';
import { between, check, longest, pattern } from '../constraints.ts';
import { requireKey } from './encryption.ts';
import { matchesFilters, type ParameterFilter } from './filters.ts';
import type { Parameter } from './parameter.ts';
import { type Parameters, parameterArn, parameterNotFound, splitReference } from './parameters.ts';
import { readSecret, secretReference } from './secret-reference.ts';
import { validation } from './validation.ts';

const MOST_NAMES = 10;

interface Page {
  readonly MaxResults?: number;
  readonly NextToken?: string;
}

/** The permission on each parameter, whatever version is named. */
export function access(action: string, names: (input: any) => readonly string[]): (input: any, call: Call) => Access[] {
  return (input, call) =>
    names(input).map((name) => ({
      action: `ssm:${action}`,
      resource: parameterArn(call, splitReference(name).name),
    }));
}

export const one = (input: { Name: string }) => [input.Name];

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html and its siblings */
export function readOperations(parameters: Parameters): Record<string, Operation> {
  return {
    GetParameter: {
      validate: (input) => check(['name', input.Name, longest(2048)]),
      access: access('GetParameter', one),
      handle: async (input: { Name: string; WithDecryption?: boolean }, call) => ({
        Parameter: await getParameter(parameters, input, call),
      }),
    },
    GetParameters: {
      validate: (input) => check(['names', input.Names, longest(MOST_NAMES)]),
      access: access('GetParameters', (input: { Names: string[] }) => input.Names),
      handle: (input: { Names: string[]; WithDecryption?: boolean }, call) => getParameters(parameters, input, call),
    },
    GetParametersByPath: {
      validate(input) {
        check(['maxResults', input.MaxResults, between(1, MOST_NAMES)]);
        checkPath(input.Path);
      },
      access: access('GetParametersByPath', (input: { Path: string }) => [input.Path]),
      handle: (input, call) => getByPath(parameters, input, call),
    },
    GetParameterHistory: {
      validate: (input) => check(['maxResults', input.MaxResults, between(1, 50)]),
      access: access('GetParameterHistory', one),
      handle: (input, call) => getHistory(parameters, input, call),
    },
    DescribeParameters: {
      validate: (input) => check(['maxResults', input.MaxResults, between(1, 50)]),
      access: (_, call) => [{ action: 'ssm:DescribeParameters', resource: parameterArn(call, '*').replace('/*', '*') }],
      handle(input: Page & { ParameterFilters?: ParameterFilter[] }, call) {
        const found = parameters.matching(call.region, input.ParameterFilters ?? []);
        const { page, NextToken } = paginate(found, input, 10);
        return { Parameters: page.map(describe), NextToken };
      },
    },
    ListTagsForResource: {
      validate: checkResourceType,
      access: access('ListTagsForResource', (input: { ResourceId: string }) => [input.ResourceId]),
      handle: (input: { ResourceId: string }, call) => ({
        TagList: [...parameters.require(call.region, input.ResourceId).tags].map(([Key, Value]) => ({ Key, Value })),
      }),
    },
  };
}

export function checkResourceType(input: { ResourceType: string }): void {
  if (input.ResourceType === 'Parameter') return;
  throw new AwsError(
    'InvalidResourceType',
    `${input.ResourceType} is not a valid resource type on the laptop: Parameter is.`,
  );
}

async function getParameter(
  parameters: Parameters,
  input: { Name: string; WithDecryption?: boolean },
  call: Call,
): Promise<Record<string, unknown>> {
  const secretId = secretReference(input.Name);
  if (secretId !== undefined) return readSecret(secretId, input, call);
  const found = parameters.read(call.region, input.Name);
  if (!found) throw parameterNotFound();
  const { selector } = splitReference(input.Name);
  return {
    ...(await shown(found, input.WithDecryption === true, call)),
    ...(selector === undefined ? {} : { Selector: `:${selector}` }),
  };
}

async function getParameters(
  parameters: Parameters,
  input: { Names: string[]; WithDecryption?: boolean },
  call: Call,
): Promise<{ Parameters: object[]; InvalidParameters: string[] }> {
  const Parameters: object[] = [];
  const InvalidParameters: string[] = [];
  for (const Name of new Set(input.Names)) {
    try {
      Parameters.push(await getParameter(parameters, { ...input, Name }, call));
    } catch (error) {
      if (!(error instanceof AwsError) || !/^Parameter(Version)?NotFound$/.test(error.code)) throw error;
      InvalidParameters.push(Name);
    }
  }
  return { Parameters, InvalidParameters };
}

function checkPath(path: string): void {
  check(['path', path, longest(2048)]);
  if (/^\/([a-zA-Z0-9_.-]+(\/[a-zA-Z0-9_.-]+)*\/?)?$/.test(path)) return;
  throw validation(
    'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.',
  );
}

async function getByPath(
  parameters: Parameters,
  input: Page & {
    Path: string;
    Recursive?: boolean;
    WithDecryption?: boolean;
    ParameterFilters?: readonly ParameterFilter[];
  },
  call: Call,
) {
  const { ParameterFilters: filters = [] } = input;
  const found = parameters
    .under(call.region, input.Path, input.Recursive === true)
    .filter((parameter) => matchesFilters(parameter, filters));
  const { page, NextToken } = paginate(found, input, MOST_NAMES);
  return {
    Parameters: await Promise.all(page.map((parameter) => shown(parameter, input.WithDecryption === true, call))),
    NextToken,
  };
}

async function getHistory(
  parameters: Parameters,
  input: Page & { Name: string; WithDecryption?: boolean },
  call: Call,
) {
  const { page, NextToken } = paginate(parameters.history(call.region, input.Name), input, 50);
  const versions = page.map(async (parameter) => {
    const { ARN, ...visible } = await shown(parameter, input.WithDecryption === true, call);
    const { ARN: _, ...metadata } = describe(parameter);
    return { ...metadata, ...visible, Labels: parameter.labels };
  });
  return { Parameters: await Promise.all(versions), NextToken };
}

/** A parameter as GetParameter shows it: a SecureString only decrypted for who may use its key. */
async function shown(parameter: Parameter, isDecrypted: boolean, call: Call): Promise<Record<string, unknown>> {
  const isSecret = parameter.type === 'SecureString';
  if (isSecret && isDecrypted) await requireKey(parameter.keyId as string, 'Decrypt', parameter.arn, call);
  const cipher = () => Buffer.from(`encrypted:${parameter.arn}:${parameter.version}`).toString('base64');
  return {
    Name: parameter.name,
    Type: parameter.type,
    Value: isSecret && !isDecrypted ? cipher() : parameter.value,
    Version: parameter.version,
    LastModifiedDate: parameter.modifiedAt,
    ARN: parameter.arn,
    DataType: parameter.dataType,
  };
}

function describe(parameter: Parameter): Record<string, unknown> {
  return {
    Name: parameter.name,
    ARN: parameter.arn,
    Type: parameter.type,
    KeyId: parameter.keyId,
    LastModifiedDate: parameter.modifiedAt,
    LastModifiedUser: parameter.modifiedBy,
    Description: parameter.description,
    AllowedPattern: parameter.allowedPattern,
    Version: parameter.version,
    Tier: parameter.tier,
    Policies: [],
    DataType: parameter.dataType,
  };
}

function paginate<Item>(items: readonly Item[], input: Page, usual: number): { page: Item[]; NextToken?: string } {
  check(['nextToken', input.NextToken, pattern('[^\\s]+')]);
  const start = input.NextToken === undefined ? 0 : Number(Buffer.from(input.NextToken, 'base64url').toString('utf8'));
  if (!Number.isInteger(start) || start < 0 || (input.NextToken !== undefined && start === 0)) {
    throw new AwsError('InvalidNextToken', 'The specified token is not valid.');
  }
  const end = start + (input.MaxResults ?? usual);
  return {
    page: items.slice(start, end),
    ...(end < items.length && { NextToken: Buffer.from(String(end)).toString('base64url') }),
  };
}
