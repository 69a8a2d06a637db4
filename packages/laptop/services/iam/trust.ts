import type { Cloud } from '../../cloud.ts';
import { servicePrincipal } from '../../identity/principals.ts';
import type { IamService } from './service.ts';

/**
 * Whether the role is there and its trust policy lets this service (`lambda.amazonaws.com`) work as it, for the resource
 * that `sourceArn` names where the service says on whose behalf it asks.
 */
export async function serviceMayAssume(
  cloud: Cloud,
  roleArn: string,
  service: string,
  sourceArn?: string,
): Promise<boolean> {
  const { state } = cloud.service<IamService>('iam');
  const identity = state.identity(roleArn);
  const role = identity?.kind === 'role' ? state.roles.get(identity.name) : undefined;
  if (!role) return false;
  const access = { action: 'sts:AssumeRole', resource: roleArn, resourcePolicy: role.trustPolicy };
  return (await cloud.authorise(servicePrincipal(service, sourceArn), access)).allowed;
}
