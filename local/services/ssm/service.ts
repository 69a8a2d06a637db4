import type { Cloud } from '../../cloud.ts';
import { type Access, AwsError, type Call, type Operation, type Service } from '../../service.ts';
import { type Parameter, Parameters, shown } from './parameters.ts';

export interface SsmService extends Service {
  readonly name: 'ssm';
  readonly parameters: Parameters;
}

/** Parameter Store. https://docs.aws.amazon.com/systems-manager/latest/APIReference/Welcome.html */
export default function createSsmService(cloud: Cloud): SsmService {
  const parameters = new Parameters(cloud);
  return {
    name: 'ssm',
    parameters,
    schemas: () => import('@aws-sdk/client-ssm') as Promise<Record<string, unknown>>,
    operations: { ...readOperations(parameters), ...writeOperations(parameters) },
    reset: () => parameters.clear(),
  };
}

export function parameterArn(call: Pick<Call, 'region' | 'accountId'>, name: string): string {
  return `arn:aws:ssm:${call.region}:${call.accountId}:parameter${name.startsWith('/') ? '' : '/'}${name}`;
}

function access(action: string, names: (input: any) => string[]): (input: any, call: Call) => Access[] {
  return (input, call) =>
    names(input).map((name) => ({
      action: `ssm:${action}`,
      resource: name.startsWith('arn:') ? name : parameterArn(call, name.split(':')[0] ?? ''),
    }));
}

const one = (input: { Name: string }) => [input.Name];

function readOperations(parameters: Parameters): Record<string, Operation> {
  return {
    GetParameter: {
      access: access('GetParameter', one),
      handle: async (input: { Name: string; WithDecryption?: boolean }, call) => {
        const secret = secretReference(input.Name);
        if (secret) return { Parameter: await readSecret(secret, input, call) };
        const found = parameters.read(call.region, input.Name);
        if (!found) throw new AwsError('ParameterNotFound', '');
        return { Parameter: await shown(found, input.WithDecryption === true, call) };
      },
    },
    GetParameters: {
      access: access('GetParameters', (input: { Names: string[] }) => input.Names),
      handle: async (input: { Names: string[]; WithDecryption?: boolean }, call) => {
        const found = input.Names.map((name) => parameters.read(call.region, name));
        const present = found.filter((parameter) => parameter !== undefined);
        return {
          Parameters: await Promise.all(
            present.map((parameter) => shown(parameter, input.WithDecryption === true, call)),
          ),
          InvalidParameters: input.Names.filter((_, index) => !found[index]),
        };
      },
    },
    GetParametersByPath: {
      access: access('GetParametersByPath', (input: { Path: string }) => [input.Path]),
      handle: async (
        input: { Path: string; Recursive?: boolean; WithDecryption?: boolean; MaxResults?: number; NextToken?: string },
        call,
      ) => {
        const { page, nextToken } = paginate(
          parameters.under(call.region, input.Path, input.Recursive === true),
          input,
          10,
        );
        return {
          Parameters: await Promise.all(page.map((parameter) => shown(parameter, input.WithDecryption === true, call))),
          NextToken: nextToken,
        };
      },
    },
    GetParameterHistory: {
      access: access('GetParameterHistory', one),
      handle: async (input: { Name: string; WithDecryption?: boolean }, call) => {
        const history = parameters.history(call.region, input.Name);
        return {
          Parameters: await Promise.all(
            history.map(async (parameter) => ({
              ...(await shown(parameter, input.WithDecryption === true, call)),
              Labels: parameter.labels,
            })),
          ),
        };
      },
    },
    DescribeParameters: {
      access: () => [{ action: 'ssm:DescribeParameters', resource: '*' }],
      handle: (
        input: {
          ParameterFilters?: { Key: string; Option?: string; Values?: string[] }[];
          MaxResults?: number;
          NextToken?: string;
        },
        call,
      ) => {
        const { page, nextToken } = paginate(parameters.matching(call.region, input.ParameterFilters ?? []), input, 50);
        return {
          Parameters: page
            .map(({ value, labels, ...parameter }) => ({ ...parameter, LastModifiedUser: 'local' }))
            .map(describeMetadata),
          NextToken: nextToken,
        };
      },
    },
    ListTagsForResource: {
      access: access('ListTagsForResource', (input: { ResourceId: string }) => [input.ResourceId]),
      handle: (input: { ResourceId: string }, call) => ({
        TagList: parameters.require(call.region, input.ResourceId).tags,
      }),
    },
  };
}

function describeMetadata(parameter: Omit<Parameter, 'value' | 'labels'>): Record<string, unknown> {
  return {
    Name: parameter.name,
    ARN: parameter.arn,
    Type: parameter.type,
    KeyId: parameter.keyId,
    LastModifiedDate: parameter.modifiedAt,
    Description: parameter.description,
    AllowedPattern: parameter.allowedPattern,
    Version: parameter.version,
    Tier: parameter.tier,
    Policies: [],
    DataType: parameter.dataType,
  };
}

function writeOperations(parameters: Parameters): Record<string, Operation> {
  return {
    PutParameter: {
      access: access('PutParameter', one),
      handle: async (input, call) => {
        const parameter = await parameters.put(input, call);
        return { Version: parameter.version, Tier: parameter.tier };
      },
    },
    DeleteParameter: {
      access: access('DeleteParameter', one),
      handle: (input: { Name: string }, call) => {
        if (!parameters.delete(call.region, input.Name)) throw new AwsError('ParameterNotFound', '');
        return {};
      },
    },
    DeleteParameters: {
      access: access('DeleteParameters', (input: { Names: string[] }) => input.Names),
      handle: (input: { Names: string[] }, call) => {
        const deleted = input.Names.filter((name) => parameters.delete(call.region, name));
        return { DeletedParameters: deleted, InvalidParameters: input.Names.filter((name) => !deleted.includes(name)) };
      },
    },
    LabelParameterVersion: {
      access: access('LabelParameterVersion', one),
      handle: (input: { Name: string; ParameterVersion?: number; Labels: string[] }, call) => ({
        InvalidLabels: [],
        ParameterVersion: parameters.label(call.region, input),
      }),
    },
    AddTagsToResource: {
      access: access('AddTagsToResource', (input: { ResourceId: string }) => [input.ResourceId]),
      handle: (input: { ResourceId: string; Tags: Parameter['tags'] }, call) => {
        const parameter = parameters.require(call.region, input.ResourceId);
        parameter.tags = [
          ...parameter.tags.filter((tag) => !input.Tags.some((added) => added.Key === tag.Key)),
          ...input.Tags,
        ];
        return {};
      },
    },
    RemoveTagsFromResource: {
      access: access('RemoveTagsFromResource', (input: { ResourceId: string }) => [input.ResourceId]),
      handle: (input: { ResourceId: string; TagKeys: string[] }, call) => {
        const parameter = parameters.require(call.region, input.ResourceId);
        parameter.tags = parameter.tags.filter((tag) => !input.TagKeys.includes(tag.Key ?? ''));
        return {};
      },
    },
  };
}

/** `/aws/reference/secretsmanager/<name>` reads a secret through Parameter Store. */
function secretReference(name: string): string | undefined {
  return name.match(/^\/aws\/reference\/secretsmanager\/(.+)$/)?.[1];
}

async function readSecret(
  secretId: string,
  input: { Name: string; WithDecryption?: boolean },
  call: Call,
): Promise<Record<string, unknown>> {
  if (!input.WithDecryption)
    throw new AwsError(
      'ValidationException',
      'WithDecryption flag must be True for retrieving a Secret Manager secret.',
    );
  const { cloud, principal, region } = call;
  const answer = await cloud.call<{ SecretString: string; ARN: string; CreatedDate: Date }>({
    service: 'secretsmanager',
    operation: 'GetSecretValue',
    input: { SecretId: secretId },
    principal,
    region,
  });
  return {
    Name: input.Name,
    Type: 'SecureString',
    Value: answer.SecretString,
    Version: 0,
    LastModifiedDate: answer.CreatedDate,
    ARN: answer.ARN,
    DataType: 'text',
  };
}

function paginate<Item>(
  items: Item[],
  input: { MaxResults?: number; NextToken?: string },
  most: number,
): { page: Item[]; nextToken?: string } {
  const size = Math.min(input.MaxResults ?? most, most);
  const start = input.NextToken === undefined ? 0 : Number(Buffer.from(input.NextToken, 'base64url').toString('utf8'));
  if (!Number.isInteger(start) || start < 0)
    throw new AwsError('InvalidNextToken', 'The specified token is not valid.');
  const end = start + size;
  return {
    page: items.slice(start, end),
    ...(end < items.length && { nextToken: Buffer.from(String(end)).toString('base64url') }),
  };
}
