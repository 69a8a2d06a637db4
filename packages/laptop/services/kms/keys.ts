import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { checkKeyPolicy } from './key-policy.ts';
import type { Key, KmsState } from './state.ts';
import { keyAccess } from './use.ts';

interface Tag {
  TagKey: string;
  TagValue: string;
}

export function keyOperations(state: KmsState): Record<string, Operation> {
  const keyOf = (input: { KeyId: string }, call: Call) => {
    state.purge(call.region);
    return state.find(call.region, input.KeyId);
  };
  const operation = (name: string, handle: (key: Key, input: any, call: Call) => unknown): [string, Operation] => [
    name,
    {
      access: (input, call) => [keyAccess(keyOf(input, call), `kms:${name}`, {}, call.accountId)],
      handle: (input, call) => handle(keyOf(input, call), input, call),
    },
  ];
  return {
    CreateKey: {
      access: () => [{ action: 'kms:CreateKey', resource: '*' }],
      handle: async (input, call) => {
        refuseUnsupported(input);
        if (input.Policy !== undefined) await checkKeyPolicy(input.Policy);
        const key = state.make(call.region, {
          description: input.Description,
          policy: input.Policy,
          tags: new Map((input.Tags ?? []).map(({ TagKey, TagValue }: Tag) => [TagKey, TagValue])),
        });
        return { KeyMetadata: metadata(key, call) };
      },
    },
    ListKeys: {
      access: () => [{ action: 'kms:ListKeys', resource: '*' }],
      handle: (_input, call) => ({
        Keys: [...state.region(call.region).keys.values()].map((key) => ({ KeyId: key.id, KeyArn: key.arn })),
        Truncated: false,
      }),
    },
    ...Object.fromEntries([
      operation('DescribeKey', (key, _input, call) => ({ KeyMetadata: metadata(key, call) })),
      operation('GetKeyPolicy', (key) => ({ Policy: key.policy, PolicyName: 'default' })),
      operation('PutKeyPolicy', async (key, input) => {
        await checkKeyPolicy(input.Policy);
        key.policy = input.Policy;
      }),
      operation('EnableKey', (key) => setEnabled(key, true)),
      operation('DisableKey', (key) => setEnabled(key, false)),
      operation('UpdateKeyDescription', (key, input) => {
        key.description = input.Description;
      }),
      operation('ScheduleKeyDeletion', (key, input, call) => scheduleDeletion(key, input, call)),
      operation('CancelKeyDeletion', (key) => {
        if (!key.deletionDate) throw new AwsError('KMSInvalidStateException', `${key.arn} is not pending deletion.`);
        delete key.deletionDate;
        key.enabled = false;
        return { KeyId: key.arn };
      }),
      operation('EnableKeyRotation', (key) => {
        key.rotates = true;
      }),
      operation('DisableKeyRotation', (key) => {
        key.rotates = false;
      }),
      operation('GetKeyRotationStatus', (key) => ({ KeyRotationEnabled: key.rotates, KeyId: key.arn })),
      operation('TagResource', (key, input) => {
        for (const { TagKey, TagValue } of input.Tags as Tag[]) key.tags.set(TagKey, TagValue);
      }),
      operation('UntagResource', (key, input) => {
        for (const name of input.TagKeys as string[]) key.tags.delete(name);
      }),
      operation('ListResourceTags', (key) => ({
        Tags: [...key.tags].map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
        Truncated: false,
      })),
    ]),
  };
}

function setEnabled(key: Key, enabled: boolean): void {
  if (key.deletionDate) throw new AwsError('KMSInvalidStateException', `${key.arn} is pending deletion.`);
  key.enabled = enabled;
}

function scheduleDeletion(key: Key, input: { PendingWindowInDays?: number }, call: Call) {
  const days = input.PendingWindowInDays ?? 30;
  if (days < 7 || days > 30) {
    throw new AwsError('ValidationException', `PendingWindowInDays must be between 7 and 30, not ${days}.`);
  }
  if (key.managedBy === 'AWS') throw new AwsError('NotAuthorizedException', 'AWS managed keys cannot be deleted.');
  if (key.deletionDate) throw new AwsError('KMSInvalidStateException', `${key.arn} is pending deletion.`);
  key.enabled = false;
  key.deletionDate = new Date(call.cloud.clock.now().getTime() + days * 86_400_000);
  return { KeyId: key.arn, DeletionDate: key.deletionDate, KeyState: 'PendingDeletion', PendingWindowInDays: days };
}

function refuseUnsupported(input: Record<string, unknown>): void {
  const spec = input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT';
  const usage = input.KeyUsage ?? 'ENCRYPT_DECRYPT';
  const origin = input.Origin ?? 'AWS_KMS';
  if (spec === 'SYMMETRIC_DEFAULT' && usage === 'ENCRYPT_DECRYPT' && origin === 'AWS_KMS' && !input.MultiRegion) return;
  throw new AwsError(
    'UnsupportedOperationException',
    'The laptop makes symmetric encryption keys of one region only: services/kms/SUPPORT.md of @keyturn/laptop.',
  );
}

function metadata(key: Key, call: Call) {
  return {
    AWSAccountId: call.accountId,
    KeyId: key.id,
    Arn: key.arn,
    CreationDate: key.createDate,
    Enabled: key.enabled,
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: key.deletionDate ? 'PendingDeletion' : key.enabled ? 'Enabled' : 'Disabled',
    ...(key.deletionDate ? { DeletionDate: key.deletionDate } : {}),
    Origin: 'AWS_KMS',
    KeyManager: key.managedBy,
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
  };
}
