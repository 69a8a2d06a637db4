import type { Call, Operation } from '../../cloud.ts';
import { makeKeyId } from '../../identity/sessions.ts';
import { awsManagedPolicies } from './aws-managed-policies.ts';
import {
  alreadyExists,
  checkName,
  checkPath,
  deleteConflict,
  limitExceeded,
  noSuchEntity,
  page,
  readTags,
  type Tag,
  validationError,
  writeTags,
} from './input.ts';
import { checkPolicyDocument } from './policy-document.ts';
import type { IamState, ManagedPolicy } from './state.ts';

const MOST_VERSIONS = 5;

export interface CreatePolicyInput {
  PolicyName: string;
  Path?: string;
  PolicyDocument: string;
  Description?: string;
  Tags?: Tag[];
}

export function managedPolicyOperations(state: IamState): Record<string, Operation> {
  const get = (arn: string): ManagedPolicy => {
    const policy = state.policies.get(arn) ?? awsPolicy(arn);
    if (!policy) throw noSuchEntity(`Policy ${arn} was not found.`);
    return policy;
  };
  const access = (name: string) => (input: { PolicyArn: string }) => [
    { action: `iam:${name}`, resource: input.PolicyArn },
  ];
  return {
    CreatePolicy: {
      access: (input: CreatePolicyInput, call) => [
        {
          action: 'iam:CreatePolicy',
          resource: `arn:aws:iam::${call.accountId}:policy${input.Path ?? '/'}${input.PolicyName}`,
        },
      ],
      handle: async (input: CreatePolicyInput, call) => ({
        Policy: output(state, await createPolicy(state, input, call)),
      }),
    },
    GetPolicy: { access: access('GetPolicy'), handle: (input) => ({ Policy: output(state, get(input.PolicyArn)) }) },
    ListPolicies: {
      access: () => [{ action: 'iam:ListPolicies', resource: '*' }],
      handle: (input) => {
        const own = input.Scope === 'AWS' ? [] : [...state.policies.values()];
        const aws =
          input.Scope === 'Local' ? [] : [...awsManagedPolicies.keys()].map((arn) => awsPolicy(arn) as ManagedPolicy);
        const all = [...own, ...aws].filter(
          (policy) =>
            policy.path.startsWith(input.PathPrefix ?? '/') &&
            (!input.OnlyAttached || attachments(state, policy.arn) > 0),
        );
        const { items, paging } = page(all, input);
        return { Policies: items.map((policy) => output(state, policy)), ...paging };
      },
    },
    DeletePolicy: {
      access: access('DeletePolicy'),
      handle: (input) => {
        const policy = get(input.PolicyArn);
        if (attachments(state, policy.arn) > 0) throw deleteConflict('Cannot delete a policy attached to entities.');
        if (policy.versions.size > 1) {
          throw deleteConflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
          );
        }
        state.policies.delete(policy.arn);
        state.changed();
      },
    },
    ...versionOperations(state, get, access),
  };
}

type Get = (arn: string) => ManagedPolicy;
type MakeAccess = (name: string) => (input: { PolicyArn: string }) => { action: string; resource: string }[];

function versionOperations(state: IamState, get: Get, access: MakeAccess): Record<string, Operation> {
  const version = (policy: ManagedPolicy, id: string) => {
    const found = policy.versions.get(id);
    if (!found) throw noSuchEntity(`Policy ${policy.arn} version ${id} does not exist or is not attachable.`);
    return {
      VersionId: id,
      IsDefaultVersion: id === policy.defaultVersionId,
      CreateDate: found.createDate,
      Document: encodeURIComponent(found.document),
    };
  };
  return {
    CreatePolicyVersion: {
      access: access('CreatePolicyVersion'),
      handle: async (input, call) => {
        const policy = get(input.PolicyArn);
        await checkPolicyDocument(input.PolicyDocument, 'identity');
        if (policy.versions.size >= MOST_VERSIONS) {
          throw limitExceeded(
            `A managed policy can have up to ${MOST_VERSIONS} versions. Before you create a new version, you must delete an existing version.`,
          );
        }
        const id = `v${++policy.lastVersionNumber}`;
        policy.versions.set(id, { document: input.PolicyDocument, createDate: call.cloud.clock.now() });
        if (input.SetAsDefault) policy.defaultVersionId = id;
        policy.updateDate = call.cloud.clock.now();
        state.changed();
        const { Document: _, ...metadata } = version(policy, id);
        return { PolicyVersion: metadata };
      },
    },
    GetPolicyVersion: {
      access: access('GetPolicyVersion'),
      handle: (input) => ({ PolicyVersion: version(get(input.PolicyArn), input.VersionId) }),
    },
    ListPolicyVersions: {
      access: access('ListPolicyVersions'),
      handle: (input) => {
        const policy = get(input.PolicyArn);
        const { items, paging } = page([...policy.versions.keys()].reverse(), input);
        return { Versions: items.map((id) => ({ ...version(policy, id), Document: undefined })), ...paging };
      },
    },
    SetDefaultPolicyVersion: {
      access: access('SetDefaultPolicyVersion'),
      handle: (input) => {
        const policy = get(input.PolicyArn);
        policy.defaultVersionId = version(policy, input.VersionId).VersionId;
        state.changed();
      },
    },
    DeletePolicyVersion: {
      access: access('DeletePolicyVersion'),
      handle: (input) => {
        const policy = get(input.PolicyArn);
        if (version(policy, input.VersionId).IsDefaultVersion) {
          throw deleteConflict('Cannot delete the default version of a policy.');
        }
        policy.versions.delete(input.VersionId);
        state.changed();
      },
    },
  };
}

async function createPolicy(state: IamState, input: CreatePolicyInput, call: Call): Promise<ManagedPolicy> {
  checkName('policyName', input.PolicyName, 128);
  const path = checkPath(input.Path);
  await checkPolicyDocument(input.PolicyDocument, 'identity');
  if (input.PolicyDocument.replace(/\s/g, '').length > 6144)
    throw limitExceeded('Cannot exceed quota for PolicySize: 6144');
  const arn = `arn:aws:iam::${call.accountId}:policy${path}${input.PolicyName}`;
  if (state.policies.has(arn))
    throw alreadyExists(`A policy called ${input.PolicyName} already exists. Duplicate names are not allowed.`);
  if ((input.Description?.length ?? 0) > 1000) throw validationError('The description is longer than 1000 characters.');
  const now = call.cloud.clock.now();
  const policy: ManagedPolicy = {
    name: input.PolicyName,
    path,
    id: makeKeyId('ANPA', 21),
    arn,
    ...(input.Description === undefined ? {} : { description: input.Description }),
    createDate: now,
    updateDate: now,
    versions: new Map([['v1', { document: input.PolicyDocument, createDate: now }]]),
    defaultVersionId: 'v1',
    lastVersionNumber: 1,
    tags: readTags(input.Tags),
  };
  state.policies.set(arn, policy);
  state.changed();
  return policy;
}

function awsPolicy(arn: string): ManagedPolicy | undefined {
  const document = awsManagedPolicies.get(arn);
  if (document === undefined) return undefined;
  const [, path = '/', name = ''] = /^arn:aws:iam::aws:policy(\/.*?)([^/]+)$/.exec(arn) ?? [];
  const date = new Date('2015-02-06T18:39:46Z');
  return {
    name,
    path,
    id: `ANPA${name
      .toUpperCase()
      .replace(/[^A-Z2-7]/g, '')
      .padEnd(17, 'A')
      .slice(0, 17)}`,
    arn,
    createDate: date,
    updateDate: date,
    versions: new Map([['v1', { document, createDate: date }]]),
    defaultVersionId: 'v1',
    lastVersionNumber: 1,
    tags: new Map(),
  };
}

function attachments(state: IamState, arn: string): number {
  return [...state.roles.values(), ...state.users.values()].filter((identity) => identity.attachedPolicies.has(arn))
    .length;
}

function output(state: IamState, policy: ManagedPolicy) {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersionId,
    AttachmentCount: attachments(state, policy.arn),
    PermissionsBoundaryUsageCount: [...state.roles.values(), ...state.users.values()].filter(
      (identity) => identity.boundaryArn === policy.arn,
    ).length,
    IsAttachable: true,
    ...(policy.description === undefined ? {} : { Description: policy.description }),
    CreateDate: policy.createDate,
    UpdateDate: policy.updateDate,
    Tags: writeTags(policy.tags),
  };
}
