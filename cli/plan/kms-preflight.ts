import { DescribeKeyCommand, type KeyMetadata } from '@aws-sdk/client-kms';
import { DescribeSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { isNamed } from '../../pipeline/errors.ts';
import { found, type Preflight, type PreflightCheck } from './preflight.ts';

/** The account's own key for Secrets Manager needs nothing. */
function isOwnKey(kmsKeyId: string | undefined): boolean {
  return kmsKeyId === undefined || kmsKeyId.endsWith('alias/aws/secretsmanager');
}

/** A customer's key is there and can be used. Whether the roles may use it is asked by the IAM preflight. */
export const kmsPreflight: PreflightCheck = async (subject) => [
  ...(await ownKeyPreflight(subject)),
  ...(await secondaryKeys(subject)),
];

/** The administrator's secret, and those of a proxy's logins: the rotation function reads or writes them too. */
const secondaryKeys: PreflightCheck = async ({ entry, clients }) => {
  if (entry.kind !== 'postgres') return [];
  const { superuserSecret, superuserSecretKmsKeyArn, proxy } = entry;
  const secondary: [secret: string | undefined, named: string | undefined, member: string][] = [
    [superuserSecret, superuserSecretKmsKeyArn, '"superuserSecretKmsKeyArn"'],
    [proxy?.loginSecrets?.base, proxy?.loginSecretsKmsKeyArn, '"loginSecretsKmsKeyArn" in "proxy"'],
    [proxy?.loginSecrets?.second, proxy?.loginSecretsKmsKeyArn, '"loginSecretsKmsKeyArn" in "proxy"'],
  ];
  const preflights: Preflight[] = [];
  for (const [secret, named, member] of secondary) {
    if (secret === undefined) continue;
    const secretsManager = await clients.secretsManager();
    const { KmsKeyId, isMissing } = await describeKeyOf(secretsManager, secret);
    // That it is missing is said by the preflight that reads it.
    if (isMissing || isOwnKey(KmsKeyId)) continue;
    const kms = await clients.kms();
    const { KeyMetadata: key } = await kms.send(new DescribeKeyCommand({ KeyId: KmsKeyId }));
    preflights.push(...judgeKey(secret, key ?? {}, named, member));
  }
  return preflights;
};

async function describeKeyOf(
  client: Pick<SecretsManagerClient, 'send'>,
  secret: string,
): Promise<{ KmsKeyId?: string; isMissing: boolean }> {
  try {
    const { KmsKeyId } = await client.send(new DescribeSecretCommand({ SecretId: secret }));
    return { ...(KmsKeyId && { KmsKeyId }), isMissing: false };
  } catch (error) {
    if (!isNamed(error, 'ResourceNotFoundException')) throw error;
    return { isMissing: true };
  }
}

const ownKeyPreflight: PreflightCheck = async ({ facts, entry, clients }) => {
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
  member?: string,
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
        member === undefined
          ? `Write "kmsKeyArn": "${key.Arn}" beside the secret's name.`
          : `Write ${member}: "${key.Arn}".`,
      ),
    ];
  }
  return [found('kms', 'ok', 'KeyUsable', `${key.Arn} is enabled.`)];
}
