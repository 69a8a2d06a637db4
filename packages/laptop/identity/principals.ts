import type { Principal } from '../cloud.ts';

/** `arn:aws:sts::…:assumed-role/name/session`, the name without the role's path. */
export function rolePrincipal(accountId: string, roleArn: string, sessionName: string): Principal {
  const name = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  return {
    kind: 'role',
    arn: `arn:aws:sts::${accountId}:assumed-role/${name}/${sessionName}`,
    identityArn: roleArn,
    sessionName,
  };
}

/**
 * A service that calls on behalf of a resource: `secretsmanager.amazonaws.com`, for a secret's ARN. The ARN is what
 * `aws:SourceArn` and `aws:SourceAccount` are read from.
 */
export function servicePrincipal(name: string, sourceArn?: string): Principal {
  return { kind: 'service', arn: sourceArn ?? name, identityArn: name, servicePrincipal: name };
}

/** The person in front of the laptop, who holds the key of this run. */
export function administrator(accountId: string, accessKeyId?: string): Principal {
  const arn = administratorArn(accountId);
  return { kind: 'administrator', arn, identityArn: arn, ...(accessKeyId ? { accessKeyId } : {}) };
}

export const administratorArn = (accountId: string) => `arn:aws:iam::${accountId}:user/administrator`;
