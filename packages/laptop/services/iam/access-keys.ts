import type { Call, Operation } from '../../cloud.ts';
import { makeKeyId } from '../../identity/sessions.ts';
import { limitExceeded, noSuchEntity, page, secretText, validationError } from './input.ts';
import { type AccessKey, type IamState, issuedKeyPrefix } from './state.ts';
import { getUser, subjectName, userArn } from './users.ts';

const MOST_KEYS = 2;

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html */
export function accessKeyOperations(state: IamState): Record<string, Operation> {
  const access = (name: string) => (input: { UserName?: string }, call: Call) => [
    { action: `iam:${name}`, resource: userArn(state, subjectName(input, call), call) },
  ];
  const keyOf = (input: { UserName?: string; AccessKeyId: string }, call: Call): AccessKey => {
    const user = getUser(state, subjectName(input, call));
    const key = state.accessKeys.get(input.AccessKeyId);
    if (key?.userName === user.name) return key;
    throw noSuchEntity(`The Access Key with id ${input.AccessKeyId} cannot be found.`);
  };
  const keysOf = (userName: string) => [...state.accessKeys.values()].filter((key) => key.userName === userName);
  return {
    CreateAccessKey: {
      access: access('CreateAccessKey'),
      handle: (input, call) => {
        const user = getUser(state, subjectName(input, call));
        if (keysOf(user.name).length >= MOST_KEYS) {
          throw limitExceeded(`Cannot exceed quota for AccessKeysPerUser: ${MOST_KEYS}`);
        }
        const key = createAccessKey(state, user.name, call.cloud.clock.now());
        return { AccessKey: { ...listed(key), SecretAccessKey: key.secret } };
      },
    },
    ListAccessKeys: {
      access: access('ListAccessKeys'),
      handle: (input, call) => {
        const { items, paging } = page(keysOf(getUser(state, subjectName(input, call)).name), input);
        return { AccessKeyMetadata: items.map(listed), ...paging };
      },
    },
    UpdateAccessKey: {
      access: access('UpdateAccessKey'),
      handle: (input, call) => {
        keyOf(input, call).status = checkStatus(input.Status);
        state.changed();
      },
    },
    DeleteAccessKey: {
      access: access('DeleteAccessKey'),
      handle: (input, call) => {
        state.accessKeys.delete(keyOf(input, call).id);
        state.changed();
      },
    },
    GetAccessKeyLastUsed: {
      access: (input, call) => {
        const userName = state.accessKeys.get(input.AccessKeyId)?.userName;
        return [{ action: 'iam:GetAccessKeyLastUsed', resource: userName ? userArn(state, userName, call) : '*' }];
      },
      handle: (input) => {
        const key = state.accessKeys.get(input.AccessKeyId);
        if (!key) throw noSuchEntity(`The Access Key with id ${input.AccessKeyId} cannot be found.`);
        const { lastUsed } = key;
        return {
          UserName: key.userName,
          AccessKeyLastUsed: lastUsed
            ? { LastUsedDate: lastUsed.date, ServiceName: lastUsed.service, Region: lastUsed.region }
            : { ServiceName: 'N/A', Region: 'N/A' },
        };
      },
    },
  };
}

export function createAccessKey(state: IamState, userName: string, createDate: Date): AccessKey {
  const key: AccessKey = {
    id: makeKeyId(issuedKeyPrefix),
    secret: secretText(30),
    userName,
    createDate,
    status: 'Active',
  };
  state.accessKeys.set(key.id, key);
  state.changed();
  return key;
}

export function checkStatus(status: string): 'Active' | 'Inactive' {
  if (status === 'Active' || status === 'Inactive') return status;
  throw validationError(
    `1 validation error detected: Value '${status}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]`,
  );
}

const listed = (key: AccessKey) => ({
  UserName: key.userName,
  AccessKeyId: key.id,
  Status: key.status,
  CreateDate: key.createDate,
});
