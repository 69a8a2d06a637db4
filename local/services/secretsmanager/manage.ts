import { AwsError, type Call, type Operation } from '../../service.ts';
import { accessTo } from './access.ts';
import { randomPassword } from './random-password.ts';
import { describe, filterSecrets, paginate } from './read.ts';
import type { Secret, SecretState } from './state.ts';
import { invalidParameter, invalidRequest, validateRequest } from './validation.ts';

const DAY_MILLISECONDS = 86_400_000;

/** ListSecrets, GetRandomPassword, deletion, tags and resource policies. */
export function manageOperations(state: SecretState): Record<string, Operation> {
  const on = (action: string, run: (input: any, call: Call) => Record<string, unknown> | undefined): Operation => ({
    validate: validateRequest,
    access: (input, call) => accessTo(state, action, input.SecretId, call),
    handle: run,
  });
  return {
    ListSecrets: {
      validate: validateRequest,
      access: (_, call) => accessTo(state, 'ListSecrets', undefined, call),
      handle: (input, call) => listSecrets(state, input, call),
    },
    GetRandomPassword: {
      access: (_, call) => accessTo(state, 'GetRandomPassword', undefined, call),
      handle: (input) => ({ RandomPassword: randomPassword(input) }),
    },
    DeleteSecret: on('DeleteSecret', (input, call) => deleteSecret(state, input, call)),
    RestoreSecret: on('RestoreSecret', (input, call) => {
      const secret = state.require(call.region, input.SecretId);
      secret.deletedAt = undefined;
      secret.deletesAt = undefined;
      return { ARN: secret.arn, Name: secret.name };
    }),
    TagResource: on('TagResource', (input, call) =>
      tagResource(state.requireLive(call.region, input.SecretId), input.Tags),
    ),
    UntagResource: on('UntagResource', (input, call) => {
      const secret = state.requireLive(call.region, input.SecretId);
      secret.tags = secret.tags.filter((tag) => !input.TagKeys.includes(tag.Key));
      return undefined;
    }),
    PutResourcePolicy: on('PutResourcePolicy', (input, call) => {
      const secret = state.requireLive(call.region, input.SecretId);
      const problems = policyProblems(input.ResourcePolicy);
      if (problems.length > 0) throw new AwsError('MalformedPolicyDocumentException', problems.join(' '));
      if (input.BlockPublicPolicy && isPublic(input.ResourcePolicy)) {
        throw new AwsError(
          'PublicPolicyException',
          'You did not specify a principal that is restricted: the policy grants broad access.',
        );
      }
      secret.policy = input.ResourcePolicy;
      return { ARN: secret.arn, Name: secret.name };
    }),
    GetResourcePolicy: on('GetResourcePolicy', (input, call) => {
      const secret = state.requireLive(call.region, input.SecretId);
      return { ARN: secret.arn, Name: secret.name, ResourcePolicy: secret.policy };
    }),
    DeleteResourcePolicy: on('DeleteResourcePolicy', (input, call) => {
      const secret = state.requireLive(call.region, input.SecretId);
      secret.policy = undefined;
      return { ARN: secret.arn, Name: secret.name };
    }),
    ValidateResourcePolicy: on('ValidateResourcePolicy', (input) => {
      const problems = policyProblems(input.ResourcePolicy);
      if (isPublic(input.ResourcePolicy)) problems.push('The policy grants broad access.');
      return {
        PolicyValidationPassed: problems.length === 0,
        ValidationErrors: problems.map((ErrorMessage) => ({ CheckName: 'PolicyCheck', ErrorMessage })),
      };
    }),
  };
}

function listSecrets(
  state: SecretState,
  input: {
    Filters?: { Key?: string; Values?: string[] }[];
    SortOrder?: string;
    SortBy?: string;
    IncludePlannedDeletion?: boolean;
    MaxResults?: number;
    NextToken?: string;
  },
  call: Call,
): Record<string, unknown> {
  const shown = state.all(call.region).filter((secret) => input.IncludePlannedDeletion || !secret.deletedAt);
  const sorted = filterSecrets(shown, input.Filters ?? []).sort(
    (a, b) => sortValue(a, input.SortBy) - sortValue(b, input.SortBy) || a.name.localeCompare(b.name),
  );
  if (input.SortOrder === 'desc') sorted.reverse();
  const { page, nextToken } = paginate(sorted, input, 100);
  return {
    NextToken: nextToken,
    SecretList: page.map((secret) => {
      const { VersionIdsToStages, ReplicationStatus, ...entry } = describe(secret);
      return { ...entry, SecretVersionsToStages: VersionIdsToStages };
    }),
  };
}

function sortValue(secret: Secret, sortBy: string | undefined): number {
  if (sortBy === 'name') return 0;
  if (sortBy === 'last-changed-date') return secret.lastChangedAt.getTime();
  if (sortBy === 'last-accessed-date') return secret.lastAccessedAt?.getTime() ?? 0;
  return secret.createdAt.getTime();
}

/** A forced deletion of a secret that is not there succeeds. */
function deleteSecret(
  state: SecretState,
  input: { SecretId: string; RecoveryWindowInDays?: number; ForceDeleteWithoutRecovery?: boolean },
  call: Call,
): Record<string, unknown> {
  const { RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: force } = input;
  if (force && days !== undefined) {
    throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  }
  if (days !== undefined && (days < 7 || days > 30)) {
    throw invalidParameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
  }
  const now = state.cloud.clock.now();
  const secret = state.find(call.region, input.SecretId);
  if (!secret && force)
    return { ARN: state.newArn(call.region, input.SecretId), Name: input.SecretId, DeletionDate: now };
  const found = state.require(call.region, input.SecretId);
  if (found.replicas.length > 0) {
    throw invalidRequest("You can't delete a secret that has replica secrets. Remove the replicas first.");
  }
  if (force) {
    state.remove(found);
    return { ARN: found.arn, Name: found.name, DeletionDate: now };
  }
  if (found.deletedAt) {
    throw invalidRequest(
      "You can't perform this operation on the secret because it was already scheduled for deletion.",
    );
  }
  found.deletedAt = now;
  found.deletesAt = new Date(now.getTime() + (days ?? 30) * DAY_MILLISECONDS);
  return { ARN: found.arn, Name: found.name, DeletionDate: found.deletesAt };
}

function tagResource(secret: Secret, tags: Secret['tags']): undefined {
  const kept = secret.tags.filter((tag) => !tags.some((added) => added.Key === tag.Key));
  if (kept.length + tags.length > 50) throw invalidParameter('A secret can have at most 50 tags.');
  secret.tags = [...kept, ...tags];
  return undefined;
}

function policyProblems(text: string): string[] {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    return ['This resource policy contains invalid JSON.'];
  }
  const statements = (policy as { Statement?: unknown }).Statement;
  if (typeof policy !== 'object' || policy === null || !statements)
    return ['This resource policy is missing its Statement.'];
  const list = Array.isArray(statements) ? statements : [statements];
  const isWhole = list.every(
    (statement) =>
      statement?.Effect &&
      (statement.Principal || statement.NotPrincipal) &&
      (statement.Action || statement.NotAction) &&
      (statement.Resource || statement.NotResource),
  );
  return isWhole ? [] : ['This resource policy contains a statement without Effect, Principal, Action or Resource.'];
}

function isPublic(text: string): boolean {
  if (policyProblems(text).length > 0) return false;
  const { Statement } = JSON.parse(text);
  const list = Array.isArray(Statement) ? Statement : [Statement];
  return list.some(
    ({ Effect, Principal, Condition }) =>
      Effect === 'Allow' && !Condition && (Principal === '*' || Principal?.AWS === '*'),
  );
}
