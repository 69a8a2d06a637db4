import { DescribeKeyCommand, type KeyMetadata } from '@aws-sdk/client-kms';
import { found, type Preflight, type PreflightCheck } from './preflight.ts';

/** The account's own key for Secrets Manager needs nothing. */
function isOwnKey(kmsKeyId: string | undefined): boolean {
  return kmsKeyId === undefined || kmsKeyId.endsWith('alias/aws/secretsmanager');
}

/** A customer's key is there and can be used. Whether the roles may use it is asked by the IAM preflight. */
export const kmsPreflight: PreflightCheck = async ({ facts, entry, clients }) => {
  const { kmsKeyId } = facts;
  if (!facts.arn || kmsKeyId === undefined || isOwnKey(kmsKeyId)) return [];
  const kms = await clients.kms();
  const { KeyMetadata: key } = await kms.send(new DescribeKeyCommand({ KeyId: kmsKeyId }));
  const named = 'new' in entry.secret ? entry.secret.new.kmsKeyArn : entry.secret.kmsKeyArn;
  return judgeKey(facts.name, key ?? {}, named);
};

/** Pure. */
export function judgeKey(
  secretName: string,
  key: Partial<KeyMetadata>,
  namedInManifest: string | undefined,
): Preflight[] {
  if (key.KeyState !== 'Enabled') {
    const remedy =
      key.KeyState === 'PendingDeletion'
        ? `aws kms cancel-key-deletion --key-id ${key.KeyId}`
        : `aws kms enable-key --key-id ${key.KeyId}`;
    return [
      found(
        'kms',
        'blocks',
        'KeyUnusable',
        `${secretName} is encrypted with ${key.Arn}, which is ${key.KeyState}.`,
        remedy,
      ),
    ];
  }
  if (namedInManifest !== key.Arn) {
    return [
      found(
        'kms',
        'blocks',
        'KeyNotNamed',
        `${secretName} is encrypted with ${key.Arn}, and the manifest does not say so: the rotation function may not use it.`,
        `Write "kmsKeyArn": "${key.Arn}" beside the secret's name.`,
      ),
    ];
  }
  return [found('kms', 'ok', 'KeyUsable', `${key.Arn} is enabled.`)];
}
