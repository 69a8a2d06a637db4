import { AwsError, type Call, type Operation } from '../../service.ts';
import { accessTo, keyAccess } from './access.ts';
import { type Secret, type SecretState, type Version, versionIdsToStages, versionWith } from './state.ts';
import { invalidParameter, invalidRequest, validateRequest } from './validation.ts';

interface ReadInput {
  SecretId: string;
  VersionId?: string;
  VersionStage?: string;
}

/** DescribeSecret, GetSecretValue, BatchGetSecretValue, ListSecretVersionIds. */
export function readOperations(state: SecretState): Record<string, Operation> {
  return {
    DescribeSecret: {
      validate: validateRequest,
      access: (input: ReadInput, call) => accessTo(state, 'DescribeSecret', input.SecretId, call),
      handle: (input: ReadInput, call) => describe(state.require(call.region, input.SecretId)),
    },
    GetSecretValue: {
      validate: validateRequest,
      access: (input: ReadInput, call) => readAccess(state, input, call),
      handle: (input: ReadInput, call) => getSecretValue(state, input, call),
    },
    BatchGetSecretValue: {
      validate: validateBatch,
      access: (_, call) => accessTo(state, 'BatchGetSecretValue', undefined, call),
      handle: (input, call) => batchGetSecretValue(state, input, call),
    },
    ListSecretVersionIds: {
      validate: validateRequest,
      access: (input: ReadInput, call) => accessTo(state, 'ListSecretVersionIds', input.SecretId, call),
      handle: (input, call) => listSecretVersionIds(state, input, call),
    },
  };
}

export function describe(secret: Secret): Record<string, unknown> {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Description: secret.description,
    KmsKeyId: secret.kmsKeyId,
    RotationEnabled: secret.rotationEnabled,
    RotationLambdaARN: secret.rotationLambdaArn,
    RotationRules: secret.rotationRules,
    LastRotatedDate: secret.lastRotatedAt,
    LastChangedDate: secret.lastChangedAt,
    LastAccessedDate: secret.lastAccessedAt && startOfDay(secret.lastAccessedAt),
    DeletedDate: secret.deletedAt && secret.deletesAt,
    NextRotationDate: secret.nextRotationAt,
    Tags: secret.tags.length > 0 ? secret.tags : undefined,
    VersionIdsToStages: secret.versions.size > 0 ? versionIdsToStages(secret) : undefined,
    OwningService: secret.owningService,
    Type: secret.type,
    CreatedDate: secret.createdAt,
    PrimaryRegion: secret.primaryRegion,
    ReplicationStatus: secret.replicas.length > 0 ? replicationStatus(secret) : undefined,
  };
}

export function replicationStatus(secret: Secret): Record<string, unknown>[] {
  return secret.replicas.map((replica) => ({
    Region: replica.region,
    KmsKeyId: replica.kmsKeyId ?? 'alias/aws/secretsmanager',
    Status: replica.status,
    StatusMessage: replica.statusMessage,
    LastAccessedDate: replica.lastAccessedAt,
  }));
}

function readAccess(state: SecretState, input: ReadInput, call: Call) {
  const secret = state.find(call.region, input.SecretId);
  const version = secret && findVersion(secret, input, false);
  const context = {
    ...(input.VersionId && { 'secretsmanager:VersionId': input.VersionId }),
    'secretsmanager:VersionStage': input.VersionStage ?? (version ? [...version.stages] : 'AWSCURRENT'),
  };
  const accesses = accessTo(state, 'GetSecretValue', input.SecretId, call, context);
  return secret ? [...accesses, ...keyAccess(secret, ['Decrypt'], call)] : accesses;
}

function getSecretValue(state: SecretState, input: ReadInput, call: Call): Record<string, unknown> {
  const secret = state.requireLive(call.region, input.SecretId);
  return readValue(state, secret, input);
}

function readValue(state: SecretState, secret: Secret, input: Omit<ReadInput, 'SecretId'>): Record<string, unknown> {
  const version = findVersion(secret, input, true) as Version;
  if (!version.value) throw valueNotFound(input);
  const now = state.cloud.clock.now();
  secret.lastAccessedAt = now;
  version.lastAccessedAt = now;
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.versionId,
    ...('string' in version.value ? { SecretString: version.value.string } : { SecretBinary: version.value.binary }),
    VersionStages: [...version.stages],
    CreatedDate: version.createdAt,
  };
}

/** By id, by label, or both, when they must name the same version. */
function findVersion(secret: Secret, input: Omit<ReadInput, 'SecretId'>, strict: boolean): Version | undefined {
  const { VersionId, VersionStage } = input;
  const version = VersionId ? secret.versions.get(VersionId) : versionWith(secret, VersionStage ?? 'AWSCURRENT');
  if (!strict) return version;
  if (!version) throw valueNotFound(input);
  if (VersionId && VersionStage && !version.stages.has(VersionStage)) {
    throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
  }
  return version;
}

function valueNotFound(input: Omit<ReadInput, 'SecretId'>): AwsError {
  const place = input.VersionId
    ? `VersionId: ${input.VersionId}`
    : `staging label: ${input.VersionStage ?? 'AWSCURRENT'}`;
  return new AwsError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for ${place}`,
  );
}

interface BatchInput {
  SecretIdList?: string[];
  Filters?: { Key?: string; Values?: string[] }[];
  MaxResults?: number;
  NextToken?: string;
}

function validateBatch(input: BatchInput): void {
  if (input.SecretIdList && input.Filters) {
    throw invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.");
  }
  if (!input.SecretIdList && !input.Filters) {
    throw invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.");
  }
  if (input.SecretIdList && input.MaxResults !== undefined) {
    throw invalidParameter("'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.");
  }
  if (input.SecretIdList && input.SecretIdList.length > 20) {
    throw new AwsError(
      'ValidationException',
      "1 validation error detected: Value at 'secretIdList' failed to satisfy constraint: Member must have length less than or equal to 20",
    );
  }
}

async function batchGetSecretValue(
  state: SecretState,
  input: BatchInput,
  call: Call,
): Promise<Record<string, unknown>> {
  const { page, nextToken } = input.SecretIdList
    ? { page: input.SecretIdList, nextToken: undefined }
    : paginate(
        filterSecrets(
          state.all(call.region).filter((secret) => !secret.deletedAt),
          input.Filters ?? [],
        ).map((secret) => secret.arn),
        input,
        20,
      );
  const values: Record<string, unknown>[] = [];
  const errors: Record<string, unknown>[] = [];
  for (const secretId of page) {
    try {
      for (const access of readAccess(state, { SecretId: secretId }, call)) {
        const { allowed, message } = await call.cloud.authorise(call.principal, access);
        if (!allowed) throw new AwsError('AccessDeniedException', message);
      }
      values.push(getSecretValue(state, { SecretId: secretId }, call));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      errors.push({ SecretId: secretId, ErrorCode: error.code, Message: error.message });
    }
  }
  return { SecretValues: values, Errors: errors, NextToken: nextToken };
}

function listSecretVersionIds(
  state: SecretState,
  input: { SecretId: string; IncludeDeprecated?: boolean; MaxResults?: number; NextToken?: string },
  call: Call,
): Record<string, unknown> {
  const secret = state.require(call.region, input.SecretId);
  const shown = [...secret.versions.values()].filter((version) => input.IncludeDeprecated || version.stages.size > 0);
  const { page, nextToken } = paginate(shown, input, 100);
  return {
    ARN: secret.arn,
    Name: secret.name,
    NextToken: nextToken,
    Versions: page.map((version) => ({
      VersionId: version.versionId,
      VersionStages: version.stages.size > 0 ? [...version.stages] : undefined,
      CreatedDate: version.createdAt,
      LastAccessedDate: version.lastAccessedAt && startOfDay(version.lastAccessedAt),
      KmsKeyIds: [secret.kmsKeyId ?? 'DefaultEncryptionKey'],
    })),
  };
}

/** Pages by an opaque token. @throws InvalidNextTokenException for one that is not ours */
export function paginate<Item>(
  items: Item[],
  input: { MaxResults?: number; NextToken?: string },
  most: number,
): { page: Item[]; nextToken?: string } {
  const size = Math.min(input.MaxResults ?? most, most);
  const start = input.NextToken === undefined ? 0 : Number(Buffer.from(input.NextToken, 'base64url').toString('utf8'));
  if (!Number.isInteger(start) || start < 0)
    throw new AwsError('InvalidNextTokenException', 'Invalid pagination token');
  const end = start + size;
  return {
    page: items.slice(start, end),
    ...(end < items.length && { nextToken: Buffer.from(String(end)).toString('base64url') }),
  };
}

/**
 * All filters must match, each by any of its values; `!` in front of a value negates. Names, descriptions and tags
 * match by prefix of the whole or of a word; `all` looks everywhere, without regard to case.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_search-secret.html
 */
export function filterSecrets(secrets: Secret[], filters: { Key?: string; Values?: string[] }[]): Secret[] {
  return secrets.filter((secret) => filters.every((filter) => matchesFilter(secret, filter)));
}

function matchesFilter(secret: Secret, filter: { Key?: string; Values?: string[] }): boolean {
  const texts = filterTexts[filter.Key ?? 'all'];
  if (!texts) throw invalidParameter(`Invalid filter key: ${filter.Key}`);
  const isCaseSensitive = ['name', 'tag-key', 'tag-value'].includes(filter.Key ?? 'all');
  const candidates = texts(secret).filter((text) => text !== undefined);
  const values = filter.Values ?? [];
  const positive = values.filter((value) => !value.startsWith('!'));
  const negative = values.filter((value) => value.startsWith('!')).map((value) => value.slice(1));
  const matches = (value: string) =>
    candidates.some((text) =>
      (filter.Key === 'all' || filter.Key === 'description' ? matchesWords : startsWith)(text, value, isCaseSensitive),
    );
  return (positive.length === 0 || positive.some(matches)) && !negative.some(matches);
}

const filterTexts: Record<string, (secret: Secret) => (string | undefined)[]> = {
  all: (secret) => [
    secret.name,
    secret.description,
    secret.primaryRegion,
    secret.owningService,
    ...secret.tags.flatMap((tag) => [tag.Key, tag.Value]),
  ],
  name: (secret) => [secret.name],
  description: (secret) => [secret.description],
  'tag-key': (secret) => secret.tags.map((tag) => tag.Key),
  'tag-value': (secret) => secret.tags.map((tag) => tag.Value),
  'primary-region': (secret) => [secret.primaryRegion],
  'owning-service': (secret) => [secret.owningService],
};

function startsWith(text: string, value: string, isCaseSensitive: boolean): boolean {
  return isCaseSensitive ? text.startsWith(value) : text.toLowerCase().startsWith(value.toLowerCase());
}

/** Every word of the value begins a word of the text. */
function matchesWords(text: string, value: string): boolean {
  const words = splitWords(text);
  return splitWords(value).every((part) => words.some((word) => word.startsWith(part)));
}

function splitWords(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s/_+=.@!-]+/)
    .filter((word) => word !== '');
}

function startOfDay(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 86_400_000) * 86_400_000);
}
