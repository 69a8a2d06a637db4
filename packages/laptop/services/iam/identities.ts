import type { Call, Operation } from '../../cloud.ts';
import { checkName, noSuchEntity, page, readTags, type Tag, validationError, writeTags } from './input.ts';
import { checkPolicyDocument } from './policy-document.ts';
import type { IamState, Identity } from './state.ts';

type Kind = 'Role' | 'User';

/** What one role or user is asked by: its ARN is what the caller needs the permission on. */
export interface Subjects {
  readonly kind: Kind;
  arn(name: string, call: Call): string;
  /** Throws NoSuchEntity. */
  get(name: string): Identity;
}

/** The operations that roles and users have alike: inline and attached policies, boundaries, tags. */
export function identityOperations(state: IamState, subjects: Subjects): Record<string, Operation> {
  const { kind } = subjects;
  const nameMember = `${kind}Name`;
  const nameOf = (input: Record<string, string>) => input[nameMember] as string;
  const operation = (
    name: string,
    handle: (input: any, identity: Identity, call: Call) => unknown,
  ): [string, Operation] => [
    name,
    {
      access: (input, call) => [{ action: `iam:${name}`, resource: subjects.arn(nameOf(input), call) }],
      handle: (input, call) => handle(input, subjects.get(nameOf(input)), call),
    },
  ];
  return Object.fromEntries([
    ...inlinePolicyOperations(state, kind, nameMember, operation),
    ...attachmentOperations(state, kind, operation),
    ...boundaryAndTagOperations(state, kind, operation),
  ]);
}

type Make = (name: string, handle: (input: any, identity: Identity, call: Call) => unknown) => [string, Operation];

function inlinePolicyOperations(state: IamState, kind: Kind, nameMember: string, operation: Make) {
  const missing = (name: string) => noSuchEntity(`The ${kind.toLowerCase()} policy with name ${name} cannot be found.`);
  return [
    operation(`Put${kind}Policy`, async (input, identity) => {
      checkName('policyName', input.PolicyName, 128);
      await checkPolicyDocument(input.PolicyDocument, 'identity');
      identity.inlinePolicies.set(input.PolicyName, input.PolicyDocument);
      state.changed();
    }),
    operation(`Get${kind}Policy`, (input, identity) => {
      const text = identity.inlinePolicies.get(input.PolicyName);
      if (text === undefined) throw missing(input.PolicyName);
      return { [nameMember]: identity.name, PolicyName: input.PolicyName, PolicyDocument: encodeURIComponent(text) };
    }),
    operation(`Delete${kind}Policy`, (input, identity) => {
      if (!identity.inlinePolicies.delete(input.PolicyName)) throw missing(input.PolicyName);
      state.changed();
    }),
    operation(`List${kind}Policies`, (input, identity) => {
      const { items, paging } = page([...identity.inlinePolicies.keys()].sort(), input);
      return { PolicyNames: items, ...paging };
    }),
  ];
}

function attachmentOperations(state: IamState, kind: Kind, operation: Make) {
  return [
    operation(`Attach${kind}Policy`, (input, identity) => {
      if (state.managedDocument(input.PolicyArn) === undefined) throw notAttachable(input.PolicyArn);
      identity.attachedPolicies.add(input.PolicyArn);
      state.changed();
    }),
    operation(`Detach${kind}Policy`, (input, identity) => {
      if (!identity.attachedPolicies.delete(input.PolicyArn)) {
        throw noSuchEntity(`Policy ${input.PolicyArn} was not found.`);
      }
      state.changed();
    }),
    operation(`ListAttached${kind}Policies`, (input, identity) => {
      const all = [...identity.attachedPolicies].map((PolicyArn) => ({
        PolicyName: PolicyArn.slice(PolicyArn.lastIndexOf('/') + 1),
        PolicyArn,
      }));
      const { items, paging } = page(all, input);
      return { AttachedPolicies: items, ...paging };
    }),
  ];
}

function boundaryAndTagOperations(state: IamState, kind: Kind, operation: Make) {
  return [
    operation(`Put${kind}PermissionsBoundary`, (input, identity) => {
      if (state.managedDocument(input.PermissionsBoundary) === undefined)
        throw notAttachable(input.PermissionsBoundary);
      identity.boundaryArn = input.PermissionsBoundary;
      state.changed();
    }),
    operation(`Delete${kind}PermissionsBoundary`, (_input, identity) => {
      if (!identity.boundaryArn) throw noSuchEntity(`${kind} ${identity.name} does not have a permission boundary.`);
      delete identity.boundaryArn;
      state.changed();
    }),
    operation(`Tag${kind}`, (input: { Tags: Tag[] }, identity) => {
      for (const [key, value] of readTags(input.Tags)) identity.tags.set(key, value);
      if (identity.tags.size > 50) throw validationError('The number of tags has reached the maximum limit: 50');
      state.changed();
    }),
    operation(`Untag${kind}`, (input: { TagKeys: string[] }, identity) => {
      for (const key of input.TagKeys) identity.tags.delete(key);
      state.changed();
    }),
    operation(`List${kind}Tags`, (input, identity) => {
      const { items, paging } = page(writeTags(identity.tags), input);
      return { Tags: items, ...paging };
    }),
  ];
}

/** Policies of AWS's own that the laptop lacks are refused like ones that do not exist. */
export const notAttachable = (arn: string) => noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);

export function boundaryOutput(identity: Identity) {
  if (!identity.boundaryArn) return {};
  return {
    PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: identity.boundaryArn },
  };
}
