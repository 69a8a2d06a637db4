import type { Call, Operation } from '../../cloud.ts';
import { makeKeyId } from '../../identity/sessions.ts';
import { boundaryOutput, identityOperations, notAttachable } from './identities.ts';
import {
  alreadyExists,
  checkName,
  checkPath,
  deleteConflict,
  noSuchEntity,
  page,
  readTags,
  type Tag,
  validationError,
  writeTags,
} from './input.ts';
import { checkPolicyDocument } from './policy-document.ts';
import type { IamState, Role } from './state.ts';

export interface CreateRoleInput {
  RoleName: string;
  Path?: string;
  AssumeRolePolicyDocument: string;
  Description?: string;
  MaxSessionDuration?: number;
  PermissionsBoundary?: string;
  Tags?: Tag[];
}

export function roleOperations(state: IamState): Record<string, Operation> {
  const get = (name: string): Role => {
    const role = state.roles.get(name);
    if (!role) throw noSuchEntity(`The role with name ${name} cannot be found.`);
    return role;
  };
  const arn = (name: string, call: Call) => state.roles.get(name)?.arn ?? `arn:aws:iam::${call.accountId}:role/${name}`;
  const access = (name: string) => (input: { RoleName: string }, call: Call) => [
    { action: `iam:${name}`, resource: arn(input.RoleName, call) },
  ];
  return {
    ...identityOperations(state, { kind: 'Role', arn, get }),
    CreateRole: {
      access: (input: CreateRoleInput, call) => [
        {
          action: 'iam:CreateRole',
          resource: `arn:aws:iam::${call.accountId}:role${input.Path ?? '/'}${input.RoleName}`,
          ...(input.PermissionsBoundary ? { context: { 'iam:PermissionsBoundary': input.PermissionsBoundary } } : {}),
        },
      ],
      handle: (input: CreateRoleInput, call) => createRole(state, input, call),
    },
    GetRole: { access: access('GetRole'), handle: (input) => ({ Role: roleOutput(get(input.RoleName)) }) },
    ListRoles: {
      access: () => [{ action: 'iam:ListRoles', resource: '*' }],
      handle: (input) => {
        const prefix = input.PathPrefix ?? '/';
        const all = [...state.roles.values()].filter((role) => role.path.startsWith(prefix)).sort(byName);
        const { items, paging } = page(all, input);
        return { Roles: items.map((role) => listedRole(role)), ...paging };
      },
    },
    UpdateRole: {
      access: access('UpdateRole'),
      handle: (input) => {
        const role = get(input.RoleName);
        if (input.Description !== undefined) role.description = input.Description;
        if (input.MaxSessionDuration !== undefined)
          role.maxSessionDurationSeconds = sessionDuration(input.MaxSessionDuration);
        state.changed();
        return {};
      },
    },
    UpdateAssumeRolePolicy: {
      access: access('UpdateAssumeRolePolicy'),
      handle: async (input) => {
        const role = get(input.RoleName);
        await checkPolicyDocument(input.PolicyDocument, 'trust');
        role.trustPolicy = input.PolicyDocument;
        state.changed();
      },
    },
    DeleteRole: {
      access: access('DeleteRole'),
      handle: (input) => {
        const role = get(input.RoleName);
        if (role.attachedPolicies.size > 0)
          throw deleteConflict('Cannot delete entity, must detach all policies first.');
        if (role.inlinePolicies.size > 0) throw deleteConflict('Cannot delete entity, must delete policies first.');
        state.roles.delete(role.name);
        state.changed();
      },
    },
  };
}

async function createRole(state: IamState, input: CreateRoleInput, call: Call) {
  checkName('roleName', input.RoleName);
  const path = checkPath(input.Path);
  await checkPolicyDocument(input.AssumeRolePolicyDocument, 'trust');
  if (state.roles.has(input.RoleName)) throw alreadyExists(`Role with name ${input.RoleName} already exists.`);
  if (input.PermissionsBoundary && state.managedDocument(input.PermissionsBoundary) === undefined) {
    throw notAttachable(input.PermissionsBoundary);
  }
  const role: Role = {
    kind: 'role',
    name: input.RoleName,
    path,
    id: makeKeyId('AROA', 21),
    arn: `arn:aws:iam::${call.accountId}:role${path}${input.RoleName}`,
    createDate: call.cloud.clock.now(),
    inlinePolicies: new Map(),
    attachedPolicies: new Set(),
    tags: readTags(input.Tags),
    trustPolicy: input.AssumeRolePolicyDocument,
    maxSessionDurationSeconds: sessionDuration(input.MaxSessionDuration ?? 3600),
    ...(input.Description === undefined ? {} : { description: input.Description }),
    ...(input.PermissionsBoundary ? { boundaryArn: input.PermissionsBoundary } : {}),
  };
  state.roles.set(role.name, role);
  state.changed();
  return { Role: roleOutput(role) };
}

function sessionDuration(seconds: number): number {
  if (seconds >= 3600 && seconds <= 43_200) return seconds;
  const bound = seconds < 3600 ? 'greater than or equal to 3600' : 'less than or equal to 43200';
  throw validationError(
    `1 validation error detected: Value '${seconds}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value ${bound}`,
  );
}

const byName = (left: { name: string }, right: { name: string }) => (left.name < right.name ? -1 : 1);

function listedRole(role: Role) {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: role.createDate,
    AssumeRolePolicyDocument: encodeURIComponent(role.trustPolicy),
    ...(role.description === undefined ? {} : { Description: role.description }),
    MaxSessionDuration: role.maxSessionDurationSeconds,
  };
}

function roleOutput(role: Role) {
  return {
    ...listedRole(role),
    ...boundaryOutput(role),
    Tags: writeTags(role.tags),
    RoleLastUsed: role.lastUsed ? { LastUsedDate: role.lastUsed.date, Region: role.lastUsed.region } : {},
  };
}
