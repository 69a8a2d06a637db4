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
  writeTags,
} from './input.ts';
import type { IamState, User } from './state.ts';

export interface CreateUserInput {
  UserName: string;
  Path?: string;
  PermissionsBoundary?: string;
  Tags?: Tag[];
}

export function getUser(state: IamState, name: string): User {
  const user = state.users.get(name);
  if (!user) throw noSuchEntity(`The user with name ${name} cannot be found.`);
  return user;
}

export const userArn = (state: IamState, name: string, call: Call) =>
  state.users.get(name)?.arn ?? `arn:aws:iam::${call.accountId}:user/${name}`;

/** The user an operation is about: the one named, or the caller, as IAM reads a missing name. */
export function subjectName(input: { UserName?: string }, call: Call): string {
  if (input.UserName !== undefined) return input.UserName;
  return call.principal.identityArn.slice(call.principal.identityArn.lastIndexOf('/') + 1);
}

export function userOperations(state: IamState): Record<string, Operation> {
  const arn = (name: string, call: Call) => userArn(state, name, call);
  const access = (name: string) => (input: { UserName?: string }, call: Call) => [
    { action: `iam:${name}`, resource: arn(subjectName(input, call), call) },
  ];
  return {
    ...identityOperations(state, { kind: 'User', arn, get: (name) => getUser(state, name) }),
    CreateUser: {
      access: (input: CreateUserInput, call) => [
        {
          action: 'iam:CreateUser',
          resource: `arn:aws:iam::${call.accountId}:user${input.Path ?? '/'}${input.UserName}`,
        },
      ],
      handle: (input: CreateUserInput, call) => createUser(state, input, call),
    },
    GetUser: {
      access: access('GetUser'),
      handle: (input, call) => ({ User: userOutput(getUser(state, subjectName(input, call))) }),
    },
    ListUsers: {
      access: () => [{ action: 'iam:ListUsers', resource: '*' }],
      handle: (input) => {
        const prefix = input.PathPrefix ?? '/';
        const all = [...state.users.values()].filter((user) => user.path.startsWith(prefix));
        const { items, paging } = page(
          all.sort((left, right) => (left.name < right.name ? -1 : 1)),
          input,
        );
        return { Users: items.map(listedUser), ...paging };
      },
    },
    DeleteUser: {
      access: access('DeleteUser'),
      handle: (input) => deleteUser(state, input.UserName),
    },
  };
}

function createUser(state: IamState, input: CreateUserInput, call: Call) {
  checkName('userName', input.UserName);
  const path = checkPath(input.Path);
  // The person in front of the laptop goes by this name already.
  const isTaken = state.users.has(input.UserName) || input.UserName === 'administrator';
  if (isTaken) throw alreadyExists(`User with name ${input.UserName} already exists.`);
  if (input.PermissionsBoundary && state.managedDocument(input.PermissionsBoundary) === undefined) {
    throw notAttachable(input.PermissionsBoundary);
  }
  const user: User = {
    kind: 'user',
    name: input.UserName,
    path,
    id: makeKeyId('AIDA', 21),
    arn: `arn:aws:iam::${call.accountId}:user${path}${input.UserName}`,
    createDate: call.cloud.clock.now(),
    inlinePolicies: new Map(),
    attachedPolicies: new Set(),
    tags: readTags(input.Tags),
    ...(input.PermissionsBoundary ? { boundaryArn: input.PermissionsBoundary } : {}),
  };
  state.users.set(user.name, user);
  state.changed();
  return { User: userOutput(user) };
}

function deleteUser(state: IamState, name: string): void {
  const user = getUser(state, name);
  const owns = (item: { userName: string }) => item.userName === name;
  if ([...state.accessKeys.values()].some(owns)) {
    throw deleteConflict('Cannot delete entity, must delete access keys first.');
  }
  if ([...state.serviceCredentials.values()].some(owns)) {
    throw deleteConflict('Cannot delete entity, must delete service specific credentials first.');
  }
  if (user.attachedPolicies.size > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.');
  if (user.inlinePolicies.size > 0) throw deleteConflict('Cannot delete entity, must delete policies first.');
  state.users.delete(name);
  state.changed();
}

function listedUser(user: User) {
  return { Path: user.path, UserName: user.name, UserId: user.id, Arn: user.arn, CreateDate: user.createDate };
}

function userOutput(user: User) {
  return { ...listedUser(user), ...boundaryOutput(user), Tags: writeTags(user.tags) };
}
