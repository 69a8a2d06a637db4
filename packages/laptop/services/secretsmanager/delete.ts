import type { Call, Operation } from '../../cloud.ts';
import { accessTo } from './access.ts';
import { refuseReplica } from './replication.ts';
import type { SecretState } from './state.ts';
import { invalidParameter, invalidRequest, validateRequest } from './validation.ts';

const DAY_MILLISECONDS = 86_400_000;
const DEFAULT_WINDOW_DAYS = 30;

interface DeleteInput {
  SecretId: string;
  RecoveryWindowInDays?: number;
  ForceDeleteWithoutRecovery?: boolean;
}

/** DeleteSecret, RestoreSecret. */
export function deleteOperations(state: SecretState): Record<string, Operation> {
  return {
    DeleteSecret: {
      validate: validateDelete,
      access: (input: DeleteInput, call) =>
        accessTo(state, 'DeleteSecret', input.SecretId, call, {
          'secretsmanager:ForceDeleteWithoutRecovery': String(input.ForceDeleteWithoutRecovery === true),
          ...(input.RecoveryWindowInDays !== undefined && {
            'secretsmanager:RecoveryWindowInDays': String(input.RecoveryWindowInDays),
          }),
        }),
      handle: (input: DeleteInput, call) => deleteSecret(state, input, call),
    },
    RestoreSecret: {
      validate: (input: { SecretId: string }) => validateRequest({ ...input }),
      access: (input: { SecretId: string }, call) => accessTo(state, 'RestoreSecret', input.SecretId, call),
      handle: (input: { SecretId: string }, call) => {
        const secret = state.require(call.region, input.SecretId);
        refuseReplica(secret);
        secret.deletedAt = undefined;
        secret.deletesAt = undefined;
        state.changed(secret);
        return { ARN: secret.arn, Name: secret.name };
      },
    },
  };
}

function validateDelete(input: DeleteInput): void {
  validateRequest({ ...input });
  const { RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: force } = input;
  if (days !== undefined && (days < 7 || days > 30)) {
    throw invalidParameter('The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).');
  }
  if (force && days !== undefined) {
    throw invalidParameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.");
  }
}

/**
 * A forced deletion takes effect at once here (AWS takes some seconds), and succeeds for a secret that is not there.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
 */
function deleteSecret(state: SecretState, input: DeleteInput, call: Call): Record<string, unknown> {
  const { RecoveryWindowInDays: days, ForceDeleteWithoutRecovery: force } = input;
  const now = state.cloud.clock.now();
  const isArn = input.SecretId.startsWith('arn:');
  if (force && !state.find(call.region, input.SecretId)) {
    const arn = isArn ? input.SecretId : state.newArn(call.region, input.SecretId);
    const name = isArn ? input.SecretId.split(':').slice(6).join(':') : input.SecretId;
    return { ARN: arn, Name: name, DeletionDate: now };
  }
  const found = state.require(call.region, input.SecretId);
  refuseReplica(found);
  if (found.replicas.length > 0) {
    const regions = found.replicas.map((replica) => replica.region).join(',');
    throw invalidParameter(`You can't delete secret ${input.SecretId} that still has replica regions [${regions}]`);
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
  found.deletesAt = new Date(now.getTime() + (days ?? DEFAULT_WINDOW_DAYS) * DAY_MILLISECONDS);
  state.changed(found);
  return { ARN: found.arn, Name: found.name, DeletionDate: found.deletesAt };
}
