import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Access, Principal } from '../../../../packages/laptop/cloud.ts';
import { createCloud } from '../../../../packages/laptop/create-cloud.ts';
import { rolePrincipal } from '../../../../packages/laptop/identity/principals.ts';
import type { RunningCloud } from '../../../../packages/laptop/running-cloud.ts';
import type { IamService } from '../../../../packages/laptop/services/iam/service.ts';

const account = '000000000000';
const secret = `arn:aws:secretsmanager:us-east-1:${account}:secret:app/db-AbCdEf`;
const roleArn = `arn:aws:iam::${account}:role/app/reader`;
const role = rolePrincipal(account, roleArn, 'session-1');
const secretsService: Principal = {
  kind: 'service',
  arn: secret,
  identityArn: 'secretsmanager.amazonaws.com',
  servicePrincipal: 'secretsmanager.amazonaws.com',
};
let cloud: RunningCloud;
let printed: string[];

beforeEach(async () => {
  printed = [];
  cloud = await createCloud({ services: [], log: (line) => printed.push(line) });
});
afterEach(() => cloud.close());

const document = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });
const allow = (Action: string | string[], Resource: string = '*', Condition?: object) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition ? { Condition } : {}),
});

function giveRole(inline: object, more: { boundary?: object } = {}): void {
  const { state } = cloud.service<IamService>('iam');
  if (more.boundary) {
    const arn = `arn:aws:iam::${account}:policy/limit`;
    state.policies.set(arn, {
      name: 'limit',
      path: '/',
      id: 'ANPA',
      arn,
      createDate: new Date(0),
      updateDate: new Date(0),
      versions: new Map([['v1', { document: JSON.stringify(more.boundary), createDate: new Date(0) }]]),
      defaultVersionId: 'v1',
      lastVersionNumber: 1,
      tags: new Map(),
    });
  }
  state.roles.set('reader', {
    kind: 'role',
    name: 'reader',
    path: '/app/',
    id: 'AROAEXAMPLE',
    arn: roleArn,
    createDate: new Date(0),
    inlinePolicies: new Map([['inline', JSON.stringify(inline)]]),
    attachedPolicies: new Set(),
    tags: new Map([['team', 'a']]),
    trustPolicy: '{}',
    maxSessionDurationSeconds: 3600,
    ...(more.boundary ? { boundaryArn: `arn:aws:iam::${account}:policy/limit` } : {}),
  });
  state.changed();
}

const read: Access = { action: 'secretsmanager:GetSecretValue', resource: secret };
const decide = (access: Access, principal: Principal = role) => cloud.authorise(principal, access);

describe('a role', () => {
  test('is refused in AWS’s words when no policy allows', async () => {
    giveRole(document(allow('secretsmanager:DescribeSecret')));
    expect(await decide(read)).toMatchObject({
      allowed: false,
      message:
        `User: arn:aws:sts::${account}:assumed-role/reader/session-1 is not authorized to perform: ` +
        `secretsmanager:GetSecretValue on resource: ${secret} because no identity-based policy allows the ` +
        'secretsmanager:GetSecretValue action',
    });
  });

  test('is allowed what its policy allows, on that resource only', async () => {
    giveRole(document(allow('secretsmanager:GetSecretValue', secret)));
    expect(await decide(read)).toMatchObject({ allowed: true, message: '' });
    expect(await decide({ ...read, resource: `${secret}x` })).toMatchObject({ allowed: false });
  });

  test('an explicit deny wins', async () => {
    giveRole(document(allow('*'), { ...allow('secretsmanager:GetSecretValue'), Effect: 'Deny' }));
    expect((await decide(read)).message).toContain('with an explicit deny in an identity-based policy');
  });

  test('a boundary limits', async () => {
    giveRole(document(allow('*')), { boundary: document(allow('sqs:*')) });
    expect((await decide(read)).message).toContain(
      'because no permissions boundary allows the secretsmanager:GetSecretValue action',
    );
  });

  test('a resource policy lets it in, or keeps it out', async () => {
    giveRole(document(allow('sqs:*')));
    const resourcePolicy = document({ ...allow('secretsmanager:GetSecretValue'), Principal: { AWS: roleArn } });
    expect((await decide({ ...read, resourcePolicy })).allowed).toBe(true);
    const closed = document({ ...allow('secretsmanager:*'), Effect: 'Deny', Principal: '*' });
    giveRole(document(allow('*')));
    expect((await decide({ ...read, resourcePolicy: closed })).message).toContain(
      'with an explicit deny in a resource-based policy',
    );
  });

  test('a change of policy counts from the next call on', async () => {
    giveRole(document(allow('secretsmanager:*')));
    expect((await decide(read)).allowed).toBe(true);
    giveRole(document(allow('sqs:*')));
    expect((await decide(read)).allowed).toBe(false);
  });

  test.each([
    'aws:ResourceTag/env',
    'secretsmanager:ResourceTag/env',
  ])('conditions on %s are evaluated', async (key) => {
    giveRole(document(allow('secretsmanager:GetSecretValue', '*', { StringEquals: { [key]: 'prod' } })));
    const tagged = (value: string) => decide({ ...read, context: { 'secretsmanager:ResourceTag/env': value } });
    expect((await tagged('prod')).allowed).toBe(true);
    expect((await tagged('test')).allowed).toBe(false);
    expect((await decide(read)).allowed).toBe(false);
    expect(printed).toEqual([]);
  });

  test('conditions on the version stage and on the principal’s tags are evaluated', async () => {
    const condition = {
      StringEquals: { 'secretsmanager:VersionStage': 'AWSCURRENT', 'aws:PrincipalTag/team': 'a' },
    };
    giveRole(document(allow('secretsmanager:GetSecretValue', '*', condition)));
    const at = (stage: string) => decide({ ...read, context: { 'secretsmanager:VersionStage': stage } });
    expect((await at('AWSCURRENT')).allowed).toBe(true);
    expect((await at('AWSPENDING')).allowed).toBe(false);
  });

  test('an action on every resource needs a policy for every resource', async () => {
    const list: Access = { action: 'rds:DescribeDBProxyTargets', resource: '*' };
    giveRole(document(allow('rds:*', `arn:aws:rds:us-east-1:${account}:target-group:x`)));
    expect((await decide(list)).allowed).toBe(false);
    giveRole(document(allow('rds:Describe*')));
    expect((await decide(list)).allowed).toBe(true);
  });

  test('foundation models, which belong to no account, are decided in the caller’s', async () => {
    const invoke = { action: 'bedrock:InvokeModel', resource: 'arn:aws:bedrock:us-east-1::foundation-model/m' };
    giveRole(document(allow('bedrock:InvokeModel', 'arn:aws:bedrock:*::foundation-model/m')));
    expect((await decide(invoke)).allowed).toBe(true);
    expect((await decide({ ...invoke, resource: `${invoke.resource}2` })).allowed).toBe(false);
  });

  test('what the simulator does not know is decided by the policies alone, and said aloud', async () => {
    giveRole(document(allow('secretsmanager:BrandNew')));
    expect((await decide({ ...read, action: 'secretsmanager:BrandNew' })).allowed).toBe(true);
    expect((await decide({ ...read, action: 'secretsmanager:BrandNewer' })).allowed).toBe(false);
    expect(printed.join('\n')).toContain('secretsmanager:BrandNew on');
  });

  test('a decision already made costs well under a millisecond', async () => {
    giveRole(document(allow('secretsmanager:GetSecretValue', secret)));
    await decide(read);
    const started = performance.now();
    for (let count = 0; count < 1_000; count++) {
      await decide(read, rolePrincipal(account, roleArn, `session-${count}`));
    }
    expect((performance.now() - started) / 1_000).toBeLessThan(0.5);
  });
});

describe('a service', () => {
  const invoke: Access = {
    action: 'lambda:InvokeFunction',
    resource: `arn:aws:lambda:us-east-1:${account}:function:f`,
  };
  const permission = (Condition: object) =>
    document({
      ...allow('lambda:InvokeFunction', invoke.resource, Condition),
      Principal: { Service: 'secretsmanager.amazonaws.com' },
    });

  test('is let in by the resource’s policy alone, bound to account and source', async () => {
    expect((await decide(invoke, secretsService)).allowed).toBe(false);
    const bound = permission({ StringEquals: { 'AWS:SourceAccount': account }, ArnLike: { 'AWS:SourceArn': secret } });
    expect((await decide({ ...invoke, resourcePolicy: bound }, secretsService)).allowed).toBe(true);
    const other = permission({ StringEquals: { 'AWS:SourceAccount': '111122223333' } });
    expect(await decide({ ...invoke, resourcePolicy: other }, secretsService)).toMatchObject({
      allowed: false,
      message: `User: secretsmanager.amazonaws.com is not authorized to perform: lambda:InvokeFunction on resource: ${invoke.resource} because no resource-based policy allows the lambda:InvokeFunction action`,
    });
  });
});

test('an administrator passes everything but a resource’s explicit deny', async () => {
  const arn = `arn:aws:iam::${account}:user/administrator`;
  const person: Principal = { kind: 'administrator', arn, identityArn: arn };
  expect((await decide(read, person)).allowed).toBe(true);
  const others = document({ ...allow('secretsmanager:*'), Principal: { AWS: roleArn } });
  expect((await decide({ ...read, resourcePolicy: others }, person)).allowed).toBe(true);
  const closed = document({ ...allow('secretsmanager:GetSecretValue'), Effect: 'Deny', Principal: '*' });
  expect((await decide({ ...read, resourcePolicy: closed }, person)).allowed).toBe(false);
});

test('every distinct access is remembered, once, with its count', async () => {
  giveRole(document(allow('secretsmanager:GetSecretValue')));
  await decide(read);
  await decide(read);
  await decide({ ...read, action: 'secretsmanager:DeleteSecret' });
  expect(cloud.recorder.accesses()).toEqual([
    { identity: roleArn, action: 'secretsmanager:GetSecretValue', resource: secret, count: 2, allowed: true },
    { identity: roleArn, action: 'secretsmanager:DeleteSecret', resource: secret, count: 1, allowed: false },
  ]);
});
