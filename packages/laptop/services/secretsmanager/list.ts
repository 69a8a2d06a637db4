import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { accessTo } from './access.ts';
import { checkFilters, type Filter, filterSecrets } from './filters.ts';
import { paginate } from './paging.ts';
import { describe, getSecretValue, readAccess } from './read.ts';
import type { Secret, SecretState } from './state.ts';
import { invalidParameter, validateRequest } from './validation.ts';

interface ListInput {
  Filters?: Filter[];
  SortOrder?: string;
  SortBy?: string;
  IncludePlannedDeletion?: boolean;
  MaxResults?: number;
  NextToken?: string;
}

interface BatchInput {
  SecretIdList?: string[];
  Filters?: Filter[];
  MaxResults?: number;
  NextToken?: string;
}

/** ListSecrets, BatchGetSecretValue. */
export function listOperations(state: SecretState): Record<string, Operation> {
  return {
    ListSecrets: {
      validate: (input: ListInput) => {
        validateRequest({ ...input });
        checkFilters(input.Filters);
      },
      access: (_, call) => accessTo(state, 'ListSecrets', undefined, call),
      handle: (input: ListInput, call) => listSecrets(state, input, call),
    },
    BatchGetSecretValue: {
      validate: validateBatch,
      access: (input: BatchInput, call) => [
        ...accessTo(state, 'BatchGetSecretValue', undefined, call),
        ...(input.Filters ? accessTo(state, 'ListSecrets', undefined, call) : []),
      ],
      handle: (input: BatchInput, call) => batchGetSecretValue(state, input, call),
    },
  };
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html */
function listSecrets(state: SecretState, input: ListInput, call: Call): Record<string, unknown> {
  const shown = state.all(call.region).filter((secret) => input.IncludePlannedDeletion || !secret.deletedAt);
  const sorted = filterSecrets(shown, input.Filters ?? []).sort(compareBy(input.SortBy));
  if (input.SortOrder === 'desc') sorted.reverse();
  const { page, nextToken } = paginate(sorted, input, 100);
  return { SecretList: page.map((secret) => listEntry(state, secret)), NextToken: nextToken };
}

/** What DescribeSecret shows, under another name for the labels and without the replicas. */
function listEntry(state: SecretState, secret: Secret): Record<string, unknown> {
  const { VersionIdsToStages, ReplicationStatus, ...entry } = describe(state, secret);
  return { ...entry, SecretVersionsToStages: VersionIdsToStages };
}

function compareBy(sortBy: string | undefined): (a: Secret, b: Secret) => number {
  const byName = (a: Secret, b: Secret) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  if (sortBy === 'name') return byName;
  const time = (secret: Secret): number => {
    if (sortBy === 'last-changed-date') return secret.lastChangedAt.getTime();
    if (sortBy === 'last-accessed-date') return secret.lastAccessedAt?.getTime() ?? 0;
    return secret.createdAt.getTime();
  };
  return (a, b) => time(a) - time(b);
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html */
function validateBatch(input: BatchInput): void {
  validateRequest({ ...input }, { mostResults: 20 });
  if ((input.SecretIdList === undefined) === (input.Filters === undefined)) {
    throw invalidParameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.");
  }
  if (input.MaxResults !== undefined && !input.Filters) {
    throw invalidParameter("'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.");
  }
  checkFilters(input.Filters);
}

/** What cannot be read is listed beside what can. */
async function batchGetSecretValue(
  state: SecretState,
  input: BatchInput,
  call: Call,
): Promise<Record<string, unknown>> {
  const live = () => state.all(call.region).filter((secret) => !secret.deletedAt);
  const { page, nextToken } = input.SecretIdList
    ? { page: input.SecretIdList, nextToken: undefined }
    : paginate(
        filterSecrets(live(), input.Filters ?? []).map((secret) => secret.arn),
        input,
        20,
      );
  const values: Record<string, unknown>[] = [];
  const errors: Record<string, unknown>[] = [];
  for (const secretId of page) {
    try {
      values.push(await readOne(state, secretId, call));
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      errors.push({ SecretId: secretId, ErrorCode: error.code, Message: error.message });
    }
  }
  return { SecretValues: values, Errors: errors, NextToken: nextToken };
}

async function readOne(state: SecretState, secretId: string, call: Call): Promise<Record<string, unknown>> {
  validateRequest({ SecretId: secretId });
  for (const access of readAccess(state, { SecretId: secretId }, call)) {
    const { allowed, message } = await call.cloud.authorise(call.principal, access);
    if (!allowed) throw new AwsError('AccessDeniedException', message);
  }
  return getSecretValue(state, { SecretId: secretId }, call);
}
