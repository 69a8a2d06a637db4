import { accessDenied } from '../../authorization/refusal.ts';
import { type Access, AwsError, type Cloud, type Principal } from '../../cloud.ts';
import { faultsOf } from '../../faults/faults.ts';
import { refusalOf } from '../../faults/refusal.ts';
import type { EncryptionContext } from './ciphertext.ts';
import type { Key, KmsState } from './state.ts';

export interface KeyUse {
  readonly principal: Principal;
  /** Id, ARN or alias. */
  readonly keyId: string;
  readonly region: string;
  /** `kms:Decrypt`, `kms:GenerateDataKey` … */
  readonly action: string;
  /** Name of the service that works with the key for the principal: `secretsmanager`. */
  readonly viaService?: string;
  readonly encryptionContext?: EncryptionContext;
}

/** The permission that using a key needs: the key's policy decides, and IAM's where it lets IAM decide. */
export function keyAccess(
  key: Key,
  action: string,
  about: Pick<KeyUse, 'viaService' | 'encryptionContext'>,
  accountId: string,
): Access {
  const entries = Object.entries(about.encryptionContext ?? {});
  return {
    action,
    resource: key.arn,
    resourcePolicy: key.policy,
    context: {
      'kms:CallerAccount': accountId,
      ...(about.viaService ? { 'kms:ViaService': `${about.viaService}.${key.region}.amazonaws.com` } : {}),
      ...Object.fromEntries(entries.map(([name, value]) => [`kms:EncryptionContext:${name}`, value])),
      ...(entries.length > 0 ? { 'kms:EncryptionContextKeys': entries.map(([name]) => name) } : {}),
      ...Object.fromEntries([...key.tags].map(([name, value]) => [`aws:ResourceTag/${name}`, value])),
    },
  };
}

export function checkUsable(key: Key): void {
  if (key.deletionDate) throw new AwsError('KMSInvalidStateException', `${key.arn} is pending deletion.`);
  if (!key.enabled) throw new AwsError('DisabledException', `${key.arn} is disabled.`);
}

/** Throws what KMS throws when the principal may not use the key, or the key is disabled for all, and what a fault about KMS says. */
export async function checkUse(cloud: Cloud, state: KmsState, use: KeyUse): Promise<Key> {
  strike(cloud, use);
  const key = state.find(use.region, use.keyId);
  const { allowed, message } = await cloud.authorise(use.principal, keyAccess(key, use.action, use, cloud.accountId));
  if (!allowed) throw accessDenied('kms', message);
  checkUsable(key);
  return key;
}

/** A service works with a key as its caller: a fault about KMS strikes there as well. */
function strike(cloud: Cloud, { action, keyId, encryptionContext, principal }: KeyUse): void {
  const operation = action.slice('kms:'.length);
  const input = { KeyId: keyId, EncryptionContext: encryptionContext };
  const rule = faultsOf(cloud).take({ service: 'kms', operation, input, principal });
  const refusal = rule && refusalOf(rule, 'kms');
  if (refusal) throw refusal;
}
