import type { Access, Call } from '../../service.ts';
import type { Secret, SecretState } from './state.ts';

/** The keys that policies may ask about. https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html */
export function accessTo(
  state: SecretState,
  action: string,
  secretId: string | undefined,
  call: Call,
  context: Record<string, string | string[]> = {},
): Access[] {
  const secret = secretId === undefined ? undefined : state.find(call.region, secretId);
  return [
    {
      action: `secretsmanager:${action}`,
      resource: secret?.arn ?? arnOf(call, secretId ?? '*'),
      ...(secret?.policy && { resourcePolicy: JSON.parse(secret.policy) }),
      context: {
        ...(secretId !== undefined && { 'secretsmanager:SecretId': secretId }),
        ...(secret && tagKeys(secret)),
        ...context,
      },
    },
  ];
}

/** The KMS permission that the caller needs for a secret under a key of the customer's. */
export function keyAccess(secret: Secret, actions: string[], call: Call): Access[] {
  const key = secret.kmsKeyId;
  if (!key || key === 'alias/aws/secretsmanager') return [];
  const resource = key.startsWith('arn:') ? key : `arn:aws:kms:${secret.region}:${call.accountId}:key/${key}`;
  const policy = keyPolicy(call, resource);
  return actions.map((action) => ({
    action: `kms:${action}`,
    resource,
    ...(policy !== undefined && { resourcePolicy: policy }),
    context: {
      'kms:ViaService': `secretsmanager.${secret.region}.amazonaws.com`,
      'kms:EncryptionContext:SecretARN': secret.arn,
    },
  }));
}

function keyPolicy(call: Call, keyArn: string): unknown {
  const kms = call.cloud.service('kms') as unknown as { policyOf?(keyArn: string): unknown };
  return kms.policyOf?.(keyArn);
}

function tagKeys(secret: Secret): Record<string, string> {
  return Object.fromEntries(
    secret.tags.flatMap(({ Key, Value }) => [
      [`aws:ResourceTag/${Key}`, Value ?? ''],
      [`secretsmanager:ResourceTag/${Key}`, Value ?? ''],
    ]),
  );
}

function arnOf(call: Call, secretId: string): string {
  if (secretId === '*' || secretId.startsWith('arn:')) return secretId;
  return `arn:aws:secretsmanager:${call.region}:${call.accountId}:secret:${secretId}-??????`;
}
