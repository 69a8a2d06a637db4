import type { Principal } from '../cloud.ts';
import type { PolicyHolder } from './policy-source.ts';

/**
 * Condition keys that every request carries.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export function globalContext(
  principal: Principal,
  identity: PolicyHolder | undefined,
  about: { now: Date; accountId: string; region: string },
): Record<string, string | string[]> {
  const context: Record<string, string | string[]> = {
    'aws:CurrentTime': about.now.toISOString(),
    'aws:EpochTime': String(Math.floor(about.now.getTime() / 1000)),
    'aws:RequestedRegion': about.region,
    // The loopback stands for the TLS that every AWS endpoint has.
    'aws:SecureTransport': 'true',
    'aws:ViaAWSService': 'false',
  };
  if (principal.kind === 'service') return { ...context, ...serviceContext(principal, about.accountId) };
  context['aws:PrincipalIsAWSService'] = 'false';
  context['aws:PrincipalAccount'] = about.accountId;
  context['aws:PrincipalArn'] = principal.identityArn;
  context['aws:SourceIp'] = '127.0.0.1';
  if (principal.kind === 'role') {
    context['aws:PrincipalType'] = 'AssumedRole';
    if (identity) context['aws:userid'] = `${identity.id}:${principal.sessionName ?? ''}`;
  } else {
    context['aws:PrincipalType'] = 'User';
    context['aws:username'] = principal.identityArn.slice(principal.identityArn.lastIndexOf('/') + 1);
    if (identity) context['aws:userid'] = identity.id;
  }
  for (const [key, value] of identity?.tags ?? []) context[`aws:PrincipalTag/${key}`] = value;
  return context;
}

/** A service names the resource on whose behalf it calls, in `arn` or as its session: that is `aws:SourceArn`. */
function serviceContext(principal: Principal, accountId: string): Record<string, string> {
  const source = [principal.arn, principal.sessionName].find((name) => name?.startsWith('arn:'));
  return {
    'aws:PrincipalIsAWSService': 'true',
    'aws:PrincipalServiceName': principal.servicePrincipal ?? '',
    'aws:SourceAccount': source?.split(':')[4] || accountId,
    ...(source ? { 'aws:SourceArn': source } : {}),
  };
}
