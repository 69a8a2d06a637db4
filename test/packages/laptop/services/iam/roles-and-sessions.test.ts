import {
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  SimulatePrincipalPolicyCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import { serviceMayAssume } from '../../../../../packages/laptop/services/iam/trust.ts';
import { clientOptions } from '../../wire/probe.ts';

const account = '000000000000';
let cloud: RunningCloud;
let clock: ManualClock;
let iam: IAMClient;
let sts: STSClient;

beforeEach(async () => {
  clock = new ManualClock(new Date('2026-01-01T00:00:00Z'));
  cloud = await createCloud({ services: [], clock, log: () => {} });
  iam = new IAMClient(clientOptions(cloud));
  sts = new STSClient(clientOptions(cloud));
});
afterEach(() => cloud.close());

const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const allow = (Action: string, Resource = '*') => ({ Effect: 'Allow', Action, Resource });
const trust = (Principal: object, more: object = {}) =>
  policy({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more });
const accountTrust = trust({ AWS: `arn:aws:iam::${account}:root` });

const makeRole = (RoleName: string, AssumeRolePolicyDocument = accountTrust) =>
  iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, Path: '/app/' }));

function as(credentials: { AccessKeyId?: string; SecretAccessKey?: string; SessionToken?: string } = {}) {
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken } = credentials;
  return {
    ...clientOptions(cloud),
    credentials: {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      ...(SessionToken ? { sessionToken: SessionToken } : {}),
    },
  };
}

describe('roles', () => {
  test('are made, read, listed by path, and deleted once they are bare', async () => {
    const { Role } = await makeRole('reader');
    expect(Role).toMatchObject({
      Arn: `arn:aws:iam::${account}:role/app/reader`,
      Path: '/app/',
      MaxSessionDuration: 3600,
      CreateDate: new Date('2026-01-01T00:00:00Z'),
    });
    expect(Role?.RoleId).toMatch(/^AROA[A-Z2-7]{17}$/);
    expect(JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''))).toEqual(JSON.parse(accountTrust));
    await expect(makeRole('reader')).rejects.toMatchObject({
      name: 'EntityAlreadyExistsException',
      message: 'Role with name reader already exists.',
      $metadata: { httpStatusCode: 409 },
    });
    await makeRole('writer');
    const first = await iam.send(new ListRolesCommand({ PathPrefix: '/app/', MaxItems: 1 }));
    expect(first).toMatchObject({ IsTruncated: true, Roles: [{ RoleName: 'reader' }] });
    const second = await iam.send(new ListRolesCommand({ PathPrefix: '/app/', Marker: first.Marker }));
    expect(second).toMatchObject({ IsTruncated: false, Roles: [{ RoleName: 'writer' }] });
    const document = policy(allow('sqs:*'));
    await iam.send(new PutRolePolicyCommand({ RoleName: 'reader', PolicyName: 'p', PolicyDocument: document }));
    const inline = await iam.send(new GetRolePolicyCommand({ RoleName: 'reader', PolicyName: 'p' }));
    expect(decodeURIComponent(inline.PolicyDocument ?? '')).toBe(document);
    await expect(iam.send(new DeleteRoleCommand({ RoleName: 'reader' }))).rejects.toMatchObject({
      name: 'DeleteConflictException',
      message: 'Cannot delete entity, must delete policies first.',
    });
    await iam.send(new DeleteRolePolicyCommand({ RoleName: 'reader', PolicyName: 'p' }));
    await iam.send(new DeleteRoleCommand({ RoleName: 'reader' }));
    await expect(iam.send(new GetRoleCommand({ RoleName: 'reader' }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: 'The role with name reader cannot be found.',
      $metadata: { httpStatusCode: 404 },
    });
  });

  test('managed policies, AWS’s own included, are attached and detached', async () => {
    await makeRole('reader');
    const made = await iam.send(
      new CreatePolicyCommand({ PolicyName: 'mine', PolicyDocument: policy(allow('sqs:*')) }),
    );
    const basic = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';
    for (const PolicyArn of [made.Policy?.Arn, basic]) {
      await iam.send(new AttachRolePolicyCommand({ RoleName: 'reader', PolicyArn }));
    }
    const attached = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: 'reader' }));
    expect(attached.AttachedPolicies?.map((each) => each.PolicyName)).toEqual(['mine', 'AWSLambdaBasicExecutionRole']);
    await iam.send(new DetachRolePolicyCommand({ RoleName: 'reader', PolicyArn: basic }));
    const none = 'arn:aws:iam::aws:policy/NothingLikeIt';
    await expect(iam.send(new AttachRolePolicyCommand({ RoleName: 'reader', PolicyArn: none }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
      message: `Policy ${none} does not exist or is not attachable.`,
    });
  });

  test.each([
    ['no JSON', '{"Version"'],
    ['an unknown effect', policy({ Effect: 'Maybe', Action: '*', Resource: '*' })],
    ['a principal in a role’s own policy', policy({ ...allow('*'), Principal: '*' })],
  ])('a malformed policy is refused: %s', async (_name, PolicyDocument) => {
    await makeRole('reader');
    await expect(
      iam.send(new PutRolePolicyCommand({ RoleName: 'reader', PolicyName: 'p', PolicyDocument })),
    ).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' });
  });

  test('what a role may do can be asked without doing it', async () => {
    const { Role } = await makeRole('reader');
    const PolicyDocument = policy(allow('sqs:SendMessage'), { ...allow('sqs:DeleteQueue'), Effect: 'Deny' });
    await iam.send(new PutRolePolicyCommand({ RoleName: 'reader', PolicyName: 'p', PolicyDocument }));
    const answer = await iam.send(
      new SimulatePrincipalPolicyCommand({
        PolicySourceArn: Role?.Arn,
        ActionNames: ['sqs:SendMessage', 'sqs:DeleteQueue', 'sqs:ReceiveMessage'],
        ResourceArns: [`arn:aws:sqs:us-east-1:${account}:q`],
      }),
    );
    expect(answer.EvaluationResults?.map((each) => each.EvalDecision)).toEqual([
      'allowed',
      'explicitDeny',
      'implicitDeny',
    ]);
  });
});

describe('sessions of a role', () => {
  const assume = (RoleName: string, more: object = {}, client = sts) =>
    client.send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${account}:role/app/${RoleName}`,
        RoleSessionName: 'me',
        ...more,
      }),
    );

  test('act as the role, and only within its policies', async () => {
    await makeRole('reader');
    const { Credentials, AssumedRoleUser } = await assume('reader');
    expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${account}:assumed-role/reader/me`);
    expect(Credentials?.Expiration).toEqual(new Date('2026-01-01T01:00:00Z'));
    const identity = await new STSClient(as(Credentials)).send(new GetCallerIdentityCommand({}));
    expect(identity).toMatchObject({
      Account: account,
      Arn: AssumedRoleUser?.Arn,
      UserId: AssumedRoleUser?.AssumedRoleId,
    });
    const own = new IAMClient(as(Credentials));
    await expect(own.send(new ListRolesCommand({}))).rejects.toMatchObject({
      name: 'AccessDenied',
      message: `User: ${AssumedRoleUser?.Arn} is not authorized to perform: iam:ListRoles because no identity-based policy allows the iam:ListRoles action`,
      $metadata: { httpStatusCode: 403 },
    });
    const PolicyDocument = policy(allow('iam:ListRoles'));
    await iam.send(new PutRolePolicyCommand({ RoleName: 'reader', PolicyName: 'p', PolicyDocument }));
    expect((await own.send(new ListRolesCommand({}))).Roles).toHaveLength(1);
  });

  test('a session policy narrows, and never widens', async () => {
    await makeRole('reader');
    const PolicyDocument = policy(allow('iam:List*'));
    await iam.send(new PutRolePolicyCommand({ RoleName: 'reader', PolicyName: 'p', PolicyDocument }));
    const { Credentials } = await assume('reader', { Policy: policy(allow('iam:GetRole')) });
    const narrowed = new IAMClient(as(Credentials));
    await expect(narrowed.send(new ListRolesCommand({}))).rejects.toThrow(
      'no session policy allows the iam:ListRoles action',
    );
    await expect(narrowed.send(new GetRoleCommand({ RoleName: 'reader' }))).rejects.toThrow(
      'no identity-based policy allows',
    );
  });

  test('are refused by a trust policy that does not name the caller, and for a role that is not there', async () => {
    await makeRole('machine', trust({ Service: 'lambda.amazonaws.com' }));
    const refusal = (name: string) =>
      `User: arn:aws:iam::${account}:user/administrator is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::${account}:role/app/${name}`;
    await expect(assume('machine')).rejects.toMatchObject({ name: 'AccessDenied', message: refusal('machine') });
    await expect(assume('nobody')).rejects.toMatchObject({ name: 'AccessDenied', message: refusal('nobody') });
    await makeRole('partner', trust({ AWS: account }, { Condition: { StringEquals: { 'sts:ExternalId': 'x' } } }));
    await expect(assume('partner')).rejects.toThrow('is not authorized');
    expect((await assume('partner', { ExternalId: 'x' })).Credentials?.AccessKeyId).toMatch(/^ASIA/);
  });

  test('end when their time is over, and with a signature of another secret or token', async () => {
    await makeRole('reader');
    const { Credentials } = await assume('reader', { DurationSeconds: 900 });
    const ask = (credentials: object) => new STSClient(as(credentials)).send(new GetCallerIdentityCommand({}));
    await expect(ask({ ...Credentials, SecretAccessKey: 'other' })).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });
    await expect(ask({ ...Credentials, SessionToken: 'other' })).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
    });
    await ask({ ...Credentials });
    await clock.advance(900_000);
    await expect(ask({ ...Credentials })).rejects.toMatchObject({ name: 'ExpiredToken' });
    await expect(assume('reader', { DurationSeconds: 7200 })).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    });
  });

  test('the cloud hands out credentials that tell one environment from another', async () => {
    await makeRole('reader', trust({ Service: 'lambda.amazonaws.com' }));
    const RoleArn = `arn:aws:iam::${account}:role/app/reader`;
    const given = cloud.assumeRole(RoleArn, 'environment-7');
    const { accessKeyId, secretAccessKey, sessionToken } = given;
    const identity = await new STSClient({
      ...clientOptions(cloud),
      credentials: { accessKeyId, secretAccessKey, sessionToken },
    }).send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toBe(`arn:aws:sts::${account}:assumed-role/reader/environment-7`);
    expect(cloud.recorder.calls({ operation: 'GetCallerIdentity' }).at(-1)).toMatchObject({
      sessionName: 'environment-7',
    });
    expect(() => cloud.assumeRole(`${RoleArn}x`, 'e')).toThrow('cannot be found');
    expect(await serviceMayAssume(cloud, RoleArn, 'lambda.amazonaws.com')).toBe(true);
    expect(await serviceMayAssume(cloud, RoleArn, 'states.amazonaws.com')).toBe(false);
    expect(await serviceMayAssume(cloud, `${RoleArn}x`, 'lambda.amazonaws.com')).toBe(false);
  });
});

describe('users and their access keys', () => {
  test('nobody can take the administrator’s name', async () => {
    await expect(iam.send(new CreateUserCommand({ UserName: 'administrator' }))).rejects.toMatchObject({
      name: 'EntityAlreadyExistsException',
    });
  });

  test('two keys at most; a key works while it is active, and never again once it is gone', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'robot' }));
    await iam.send(
      new PutUserPolicyCommand({ UserName: 'robot', PolicyName: 'p', PolicyDocument: policy(allow('iam:ListRoles')) }),
    );
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'robot' }));
    await iam.send(new CreateAccessKeyCommand({ UserName: 'robot' }));
    await expect(iam.send(new CreateAccessKeyCommand({ UserName: 'robot' }))).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'Cannot exceed quota for AccessKeysPerUser: 2',
      $metadata: { httpStatusCode: 409 },
    });
    const own = new IAMClient(as(AccessKey));
    await own.send(new ListRolesCommand({}));
    await expect(own.send(new DeleteUserCommand({ UserName: 'robot' }))).rejects.toMatchObject({
      name: 'AccessDenied',
    });
    const key = { UserName: 'robot', AccessKeyId: AccessKey?.AccessKeyId };
    await iam.send(new UpdateAccessKeyCommand({ ...key, Status: 'Inactive' }));
    await expect(own.send(new ListRolesCommand({}))).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    await iam.send(new UpdateAccessKeyCommand({ ...key, Status: 'Active' }));
    await own.send(new ListRolesCommand({}));
    await iam.send(new DeleteAccessKeyCommand(key));
    await expect(own.send(new ListRolesCommand({}))).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    await cloud.reset();
    await expect(own.send(new ListRolesCommand({}))).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
    const wrong = new IAMClient(as({ ...AccessKey, SecretAccessKey: 'guess' }));
    await expect(wrong.send(new ListRolesCommand({}))).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
  });

  test('a user with keys cannot be deleted; a session token keeps the user’s identity', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'robot' }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'robot' }));
    await expect(iam.send(new DeleteUserCommand({ UserName: 'robot' }))).rejects.toMatchObject({
      name: 'DeleteConflictException',
      message: 'Cannot delete entity, must delete access keys first.',
    });
    const { Credentials } = await new STSClient(as(AccessKey)).send(new GetSessionTokenCommand({}));
    const identity = await new STSClient(as(Credentials)).send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toBe(`arn:aws:iam::${account}:user/robot`);
  });
});
