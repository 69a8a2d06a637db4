import type { Cloud, Principal } from '../cloud.ts';

/** CloudFormation acts with the rights of the person who deploys: here an administrator. */
export function administratorOf(cloud: Cloud): Principal {
  const arn = `arn:aws:iam::${cloud.accountId}:root`;
  return { kind: 'administrator', arn, identityArn: arn, sessionName: 'cloudformation' };
}
