import { createHash } from 'node:crypto';
import { onlyProperties, type ResourceProvider, type TemplateResource } from '../../assembly/resource.ts';
import type { Cloud } from '../../cloud.ts';
import { administrator } from '../../identity/principals.ts';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html */
export const resources: ResourceProvider[] = [
  { type: 'AWS::IAM::Role', create: createRole },
  { type: 'AWS::IAM::User', create: createUser },
  { type: 'AWS::IAM::ManagedPolicy', create: createManagedPolicy },
  { type: 'AWS::IAM::Policy', create: createPolicy },
  { type: 'AWS::IAM::AccessKey', create: createAccessKey },
];

interface InlinePolicy {
  PolicyName: string;
  PolicyDocument: unknown;
}

function caller(cloud: Cloud) {
  const principal = administrator(cloud.accountId);
  return (operation: string, input: Record<string, unknown>): Promise<any> =>
    cloud.call({ service: 'iam', operation, principal, input: dropMissing(input) });
}

async function createRole(resource: TemplateResource, cloud: Cloud) {
  onlyProperties(resource, [
    'RoleName',
    'Path',
    'AssumeRolePolicyDocument',
    'Policies',
    'ManagedPolicyArns',
    'PermissionsBoundary',
    'Description',
    'MaxSessionDuration',
    'Tags',
  ]);
  const { properties } = resource;
  const iam = caller(cloud);
  const RoleName = properties.RoleName ?? physicalName(resource);
  const { Role } = await iam('CreateRole', {
    RoleName,
    Path: properties.Path,
    AssumeRolePolicyDocument: text(properties.AssumeRolePolicyDocument),
    Description: properties.Description,
    MaxSessionDuration: number(properties.MaxSessionDuration),
    PermissionsBoundary: properties.PermissionsBoundary,
    Tags: properties.Tags,
  });
  await giveIdentityPolicies(iam, 'Role', RoleName, properties);
  return { ref: RoleName, attributes: { Arn: Role.Arn as string, RoleId: Role.RoleId as string } };
}

async function createUser(resource: TemplateResource, cloud: Cloud) {
  onlyProperties(resource, ['UserName', 'Path', 'Policies', 'ManagedPolicyArns', 'PermissionsBoundary', 'Tags']);
  const { properties } = resource;
  const iam = caller(cloud);
  const UserName = properties.UserName ?? physicalName(resource);
  const { Path, PermissionsBoundary, Tags } = properties;
  const { User } = await iam('CreateUser', { UserName, Path, PermissionsBoundary, Tags });
  await giveIdentityPolicies(iam, 'User', UserName, properties);
  return { ref: UserName, attributes: { Arn: User.Arn as string } };
}

async function giveIdentityPolicies(
  iam: ReturnType<typeof caller>,
  kind: 'Role' | 'User',
  name: string,
  properties: TemplateResource['properties'],
): Promise<void> {
  const subject = { [`${kind}Name`]: name };
  for (const PolicyArn of properties.ManagedPolicyArns ?? [])
    await iam(`Attach${kind}Policy`, { ...subject, PolicyArn });
  for (const { PolicyName, PolicyDocument } of (properties.Policies ?? []) as InlinePolicy[]) {
    await iam(`Put${kind}Policy`, { ...subject, PolicyName, PolicyDocument: text(PolicyDocument) });
  }
}

async function createManagedPolicy(resource: TemplateResource, cloud: Cloud) {
  onlyProperties(resource, ['ManagedPolicyName', 'Path', 'PolicyDocument', 'Description', 'Roles', 'Users']);
  const { properties } = resource;
  const iam = caller(cloud);
  const { Policy } = await iam('CreatePolicy', {
    PolicyName: properties.ManagedPolicyName ?? physicalName(resource, 128),
    Path: properties.Path,
    PolicyDocument: text(properties.PolicyDocument),
    Description: properties.Description === '' ? undefined : properties.Description,
  });
  const PolicyArn = Policy.Arn as string;
  for (const RoleName of properties.Roles ?? []) await iam('AttachRolePolicy', { RoleName, PolicyArn });
  for (const UserName of properties.Users ?? []) await iam('AttachUserPolicy', { UserName, PolicyArn });
  return { ref: PolicyArn, attributes: { PolicyArn, PolicyId: Policy.PolicyId as string } };
}

async function createPolicy(resource: TemplateResource, cloud: Cloud) {
  onlyProperties(resource, ['PolicyName', 'PolicyDocument', 'Roles', 'Users']);
  const { PolicyName, PolicyDocument, Roles, Users } = resource.properties;
  const iam = caller(cloud);
  const document = { PolicyName, PolicyDocument: text(PolicyDocument) };
  for (const RoleName of Roles ?? []) await iam('PutRolePolicy', { RoleName, ...document });
  for (const UserName of Users ?? []) await iam('PutUserPolicy', { UserName, ...document });
  return { ref: PolicyName, attributes: { Id: PolicyName } };
}

async function createAccessKey(resource: TemplateResource, cloud: Cloud) {
  onlyProperties(resource, ['UserName', 'Status', 'Serial']);
  const { UserName, Status } = resource.properties;
  const iam = caller(cloud);
  const { AccessKey } = await iam('CreateAccessKey', { UserName });
  if (Status !== undefined) await iam('UpdateAccessKey', { UserName, AccessKeyId: AccessKey.AccessKeyId, Status });
  return { ref: AccessKey.AccessKeyId, attributes: { SecretAccessKey: AccessKey.SecretAccessKey as string } };
}

/** A name that CloudFormation would make up: the same at every start, so that what remembers it finds it again. */
function physicalName(resource: TemplateResource, longest = 64): string {
  const hash = createHash('sha256').update(`${resource.stackName}/${resource.logicalId}`).digest('hex');
  const suffix = hash.slice(0, 12).toUpperCase();
  return `${`${resource.stackName}-${resource.logicalId}`.slice(0, longest - 13)}-${suffix}`;
}

const text = (document: unknown) => (typeof document === 'string' ? document : JSON.stringify(document));
const number = (value: unknown) => (value === undefined ? undefined : Number(value));
const dropMissing = (input: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
