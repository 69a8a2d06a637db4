import type { Access, Call } from '../../cloud.ts';
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
      ...(secretId !== undefined && { shownAs: secretId }),
      ...(secret?.policy && { resourcePolicy: JSON.parse(secret.policy) }),
      context: {
        ...(secretId !== undefined && { 'secretsmanager:SecretId': secretId }),
        ...(secret && tagKeys(secret)),
        ...context,
      },
    },
  ];
}

function tagKeys(secret: Secret): Record<string, string> {
  return Object.fromEntries(
    (secret.tags ?? []).flatMap(({ Key, Value }) => [
      [`aws:ResourceTag/${Key}`, Value ?? ''],
      [`secretsmanager:ResourceTag/${Key}`, Value ?? ''],
    ]),
  );
}

/** What a request's own tags are called in conditions. */
export function requestTagKeys(tags: readonly { Key?: string; Value?: string }[] | undefined) {
  if (!tags?.length) return {};
  return {
    ...Object.fromEntries(tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value ?? ''])),
    'aws:TagKeys': tags.map(({ Key }) => Key ?? ''),
  };
}

export function arnOf(call: Call, secretId: string): string {
  if (secretId === '*' || secretId.startsWith('arn:')) return secretId;
  return `arn:aws:secretsmanager:${call.region}:${call.accountId}:secret:${secretId}-??????`;
}
