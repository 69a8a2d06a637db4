import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { accessTo } from './access.ts';
import { startOfDay } from './dates.ts';
import { keyOf, requireDecryption } from './keys.ts';
import { paginate } from './paging.ts';
import { replicationStatus } from './replication.ts';
import { type Secret, type SecretState, type Version, versionIdsToStages, versionWith } from './state.ts';
import { invalidRequest, validateRequest } from './validation.ts';

export interface ReadInput {
  SecretId: string;
  VersionId?: string;
  VersionStage?: string;
}

type Which = Omit<ReadInput, 'SecretId'>;

/** DescribeSecret, GetSecretValue, ListSecretVersionIds. */
export function readOperations(state: SecretState): Record<string, Operation> {
  return {
    DescribeSecret: {
      validate: (input: ReadInput) => validateRequest({ ...input }),
      access: (input: ReadInput, call) => accessTo(state, 'DescribeSecret', input.SecretId, call),
      handle: (input: ReadInput, call) => describe(state, state.require(call.region, input.SecretId)),
    },
    GetSecretValue: {
      validate: (input: ReadInput) => validateRequest({ ...input }),
      access: (input: ReadInput, call) => readAccess(state, input, call),
      handle: (input: ReadInput, call) => getSecretValue(state, input, call),
    },
    ListSecretVersionIds: {
      validate: (input) => validateRequest({ ...input }),
      access: (input: ReadInput, call) => accessTo(state, 'ListSecretVersionIds', input.SecretId, call),
      handle: (input, call) => listSecretVersionIds(state, input, call),
    },
  };
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html: "only returns fields that have a value" */
export function describe(state: SecretState, secret: Secret): Record<string, unknown> {
  return {
    ARN: secret.arn,
    Name: secret.name,
    Type: secret.type,
    Description: secret.description,
    KmsKeyId: keyOf(secret.kmsKeyId),
    RotationEnabled: secret.rotationEnabled,
    RotationLambdaARN: secret.rotationLambdaArn,
    RotationRules: secret.rotationRules,
    LastRotatedDate: secret.lastRotatedAt,
    LastChangedDate: secret.lastChangedAt,
    LastAccessedDate: secret.lastAccessedAt && startOfDay(secret.lastAccessedAt),
    DeletedDate: secret.deletedAt && secret.deletesAt,
    NextRotationDate: secret.nextRotationAt,
    Tags: secret.tags,
    VersionIdsToStages: secret.versions.size > 0 ? versionIdsToStages(secret) : undefined,
    OwningService: secret.owningService,
    CreatedDate: secret.createdAt,
    PrimaryRegion: secret.primaryRegion,
    ReplicationStatus: secret.replicas.length > 0 ? replicationStatus(state, secret) : undefined,
  };
}

export function readAccess(state: SecretState, input: ReadInput, call: Call) {
  const secret = state.find(call.region, input.SecretId);
  const version = secret && findVersion(secret, input);
  return accessTo(state, 'GetSecretValue', input.SecretId, call, {
    ...(input.VersionId && { 'secretsmanager:VersionId': input.VersionId }),
    'secretsmanager:VersionStage': input.VersionStage ?? (version ? [...version.stages] : 'AWSCURRENT'),
  });
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html */
export async function getSecretValue(
  state: SecretState,
  input: ReadInput,
  call: Call,
): Promise<Record<string, unknown>> {
  const secret = state.requireLive(call.region, input.SecretId);
  const version = requireVersion(secret, input);
  await requireDecryption(secret, version, call);
  const { value } = version;
  if (!value) throw valueNotFound(input);
  const now = state.cloud.clock.now();
  secret.lastAccessedAt = now;
  version.lastAccessedAt = now;
  return {
    ARN: secret.arn,
    Name: secret.name,
    VersionId: version.versionId,
    ...('string' in value ? { SecretString: value.string } : { SecretBinary: value.binary }),
    VersionStages: stagesOf(version),
    CreatedDate: version.createdAt,
  };
}

/** By id, or by label, AWSCURRENT when nothing is named. */
function findVersion(secret: Secret, { VersionId, VersionStage }: Which): Version | undefined {
  return VersionId ? secret.versions.get(VersionId) : versionWith(secret, VersionStage ?? 'AWSCURRENT');
}

/** Id and label together must name the same version. */
function requireVersion(secret: Secret, input: Which): Version {
  const version = findVersion(secret, input);
  if (!version) throw valueNotFound(input);
  if (input.VersionId && input.VersionStage && !version.stages.has(input.VersionStage)) {
    throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
  }
  return version;
}

function valueNotFound(input: Which): AwsError {
  const place = input.VersionId
    ? `VersionId: ${input.VersionId}`
    : `staging label: ${input.VersionStage ?? 'AWSCURRENT'}`;
  return new AwsError(
    'ResourceNotFoundException',
    `Secrets Manager can't find the specified secret value for ${place}`,
  );
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html */
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
      VersionStages: stagesOf(version),
      CreatedDate: version.createdAt,
      LastAccessedDate: version.lastAccessedAt && startOfDay(version.lastAccessedAt),
      KmsKeyIds: keysOf(version),
    })),
  };
}

const stagesOf = (version: Version) => (version.stages.size > 0 ? [...version.stages] : undefined);

function keysOf(version: Version): string[] {
  const keys = [version.kmsKeyId, ...(version.earlierKmsKeyIds ?? [])].map(
    (key) => keyOf(key) ?? 'DefaultEncryptionKey',
  );
  return [...new Set(keys)];
}
