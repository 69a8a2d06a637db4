import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';

/** The ARN in policies. Of a secret that is known by name only, the six characters at the end of its ARN are not known. */
export function arnForPolicies(secret: secretsmanager.ISecret): string {
  return secret.secretFullArn ?? `${secret.secretArn}-??????`;
}
