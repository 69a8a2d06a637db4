import { SFNClient } from '@aws-sdk/client-sfn';
import { type Repairer, repairDrift } from '../../pipeline/audit/repair-drift.ts';
import type { AuditAnswer, Finding } from '../../pipeline/contracts/audit.ts';
import type { SecretSettings } from '../../pipeline/contracts/settings/secret.ts';
import { eventually } from '../eventually.ts';
import { settingsWith } from '../pipeline/audit/seen.ts';
import { Deployed } from './deployed.ts';

const ACCOUNT = '000000000000';
const PREFIX = '/keyturn/keyturn';
const TABLE = 'history';
const machine = (name: string) => `arn:aws:states:us-east-1:${ACCOUNT}:stateMachine:keyturn-${name}`;
const machines = {
  rotateSecretArn: machine('rotate-secret'),
  retireCredentialArn: machine('retire-credential'),
  propagateSecretArn: machine('propagate-secret'),
};
const secrets = `arn:aws:secretsmanager:*:${ACCOUNT}:secret:app/*`;

let deployed: Deployed;
let rotationFunctionArn: string;
const settings = new Map<string, SecretSettings>();

/** Machines that only wait: what an audit sees of them is that they run. */
const waiting = JSON.stringify({
  StartAt: 'Wait',
  States: { Wait: { Type: 'Wait', Seconds: 3_600, Next: 'End' }, End: { Type: 'Succeed' } },
});

/** A rotation function whose target accepts whatever the secret's tag does not say otherwise of. */
const rotationFunction = `
exports.handler = async (request) => {
  if (request.Step) return;
  if (request.secretArn.includes('app/unreachable')) throw Object.assign(new Error('no route to the database'), { name: 'TargetUnavailable' });
  if (request.operation === 'Verify') {
    const refused = request.secretArn.includes('app/refused');
    return { supported: true, current: refused ? { works: false, reason: 'the login was refused' } : { works: true }, findings: [], repairable: ['CurrentRefused'] };
  }
  if (request.operation === 'GatherEvidence') return { verdict: 'in-use', observed: 'o', blockers: ['reports from 10.0.0.7'] };
  console.log(JSON.stringify(request));
  return {};
};`;

beforeAll(async () => {
  deployed = await Deployed.start();
  const { call } = { call: deployed.call.bind(deployed) };
  await call('dynamodb', 'CreateTable', {
    TableName: TABLE,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  });
  const trust = { Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' };
  await call('iam', 'CreateRole', {
    RoleName: 'machines',
    AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
  });
  for (const name of ['rotate-secret', 'retire-credential', 'propagate-secret']) {
    const roleArn = `arn:aws:iam::${ACCOUNT}:role/machines`;
    await call('states', 'CreateStateMachine', { name: `keyturn-${name}`, definition: waiting, roleArn });
  }
  rotationFunctionArn = await deployed.deployCode('rotate', rotationFunction);
  await call('lambda', 'AddPermission', {
    FunctionName: 'rotate',
    StatementId: 'secretsmanager',
    Action: 'lambda:InvokeFunction',
    Principal: 'secretsmanager.amazonaws.com',
    SourceAccount: ACCOUNT,
  });
  const mirrorSecretFunctionArn = await deployed.deployHandler('mirror-secret', [
    { actions: ['secretsmanager:GetSecretValue', 'secretsmanager:DescribeSecret'], resources: [secrets] },
    {
      actions: ['ssm:GetParameter', 'ssm:PutParameter'],
      resources: [`arn:aws:ssm:us-east-1:${ACCOUNT}:parameter/app/*`],
    },
  ]);
  const history = [
    { actions: ['dynamodb:PutItem'], resources: [`arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${TABLE}`] },
  ];
  const project = await deployed.deployHandler('project-history', history, { KEYTURN_HISTORY_TABLE: TABLE });
  await call('events', 'PutRule', { Name: 'history', EventPattern: JSON.stringify({ source: ['keyturn'] }) });
  await call('events', 'PutTargets', { Rule: 'history', Targets: [{ Id: 'project', Arn: project }] });
  await call('lambda', 'AddPermission', {
    FunctionName: 'project-history',
    StatementId: 'events',
    Action: 'lambda:InvokeFunction',
    Principal: 'events.amazonaws.com',
  });
  await deployed.deployHandler('audit', auditGrants(mirrorSecretFunctionArn), {
    KEYTURN_SETTINGS_PREFIX: PREFIX,
    KEYTURN_HISTORY_TABLE: TABLE,
    KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN: machines.rotateSecretArn,
    KEYTURN_RETIRE_CREDENTIAL_STATE_MACHINE_ARN: machines.retireCredentialArn,
    KEYTURN_MIRROR_SECRET_FUNCTION_ARN: mirrorSecretFunctionArn,
  });
}, 120_000);
afterAll(() => deployed?.close());

/** Exactly what the audit needs: descriptions, dates and its own settings; no value, no write but its events. */
function auditGrants(mirrorSecretFunctionArn: string) {
  return [
    { actions: ['secretsmanager:DescribeSecret', 'secretsmanager:ListSecretVersionIds'], resources: [secrets] },
    {
      actions: ['ssm:GetParametersByPath', 'ssm:GetParameterHistory'],
      resources: [
        `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter${PREFIX}`,
        `arn:aws:ssm:us-east-1:${ACCOUNT}:parameter${PREFIX}/*`,
      ],
    },
    { actions: ['dynamodb:Query'], resources: [`arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${TABLE}`] },
    { actions: ['states:ListExecutions'], resources: [machines.rotateSecretArn, machines.retireCredentialArn] },
    { actions: ['lambda:InvokeFunction'], resources: [rotationFunctionArn, mirrorSecretFunctionArn] },
    { actions: ['events:PutEvents'], resources: [`arn:aws:events:us-east-1:${ACCOUNT}:event-bus/default`] },
  ];
}

/** A secret in the pipeline's care, with rotation on. */
async function manage(name: string, more: Partial<SecretSettings> = {}): Promise<{ arn: string; versionId: string }> {
  const { ARN, VersionId } = await deployed.call('secretsmanager', 'CreateSecret', {
    Name: name,
    SecretString: `first of ${name}`,
  });
  await deployed.call('secretsmanager', 'RotateSecret', {
    SecretId: ARN,
    RotationLambdaARN: rotationFunctionArn,
    RotationRules: { AutomaticallyAfterDays: 90 },
    RotateImmediately: false,
  });
  await eventually(`the end of the trial of ${name}`, async () => ((await labels(ARN)).AWSPENDING ? undefined : true));
  const own = settingsWith({ name, gracePeriodSeconds: 60, ...more });
  settings.set(name, own);
  await deployed.call('ssm', 'PutParameter', { Name: `${PREFIX}/${name}`, Type: 'String', Value: JSON.stringify(own) });
  return { arn: ARN, versionId: VersionId };
}

async function labels(SecretId: string): Promise<Record<string, string>> {
  const { VersionIdsToStages } = await deployed.call('secretsmanager', 'DescribeSecret', { SecretId });
  return Object.fromEntries(
    Object.entries(VersionIdsToStages as Record<string, string[]>).flatMap(([id, stages]) =>
      stages.map((stage) => [stage, id]),
    ),
  );
}

const put = (SecretId: string, VersionStages: string[]) =>
  deployed.call('secretsmanager', 'PutSecretValue', { SecretId, SecretString: 'another', VersionStages });

/** Moves the clock's words back: what the audit judges by dates has to be old. */
async function age(name: string, hours: number): Promise<void> {
  const { state } = deployed.cloud.service('secretsmanager') as never as {
    state: { byName(region: string, name: string): any };
  };
  const secret = state.byName('us-east-1', name);
  const earlier = (date: Date | undefined) => date && new Date(date.getTime() - hours * 3_600_000);
  secret.lastChangedAt = earlier(secret.lastChangedAt);
  secret.lastRotatedAt = earlier(secret.lastRotatedAt);
  for (const version of secret.versions.values()) version.createdAt = earlier(version.createdAt);
}

const doctor = async (secretId: string): Promise<Finding[]> =>
  ((await deployed.invoke('audit', { secretId, tell: false })) as AuditAnswer).findings;

function mend(finding: Finding) {
  const options = {
    region: 'us-east-1',
    endpoint: deployed.cloud.endpointUrl,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const { secretsManager, lambda } = deployed;
  const repairer: Repairer = {
    secretsManager,
    lambda,
    states: new SFNClient(options),
    machines,
    now: () => new Date(),
  };
  return repairDrift(repairer, finding, settings.get(finding.secretName)!);
}

const inputOf = async (executionArn: string | undefined) =>
  JSON.parse((await deployed.call('states', 'DescribeExecution', { executionArn })).input);

test('a secret at rest: nothing is found, under exactly the grants that the audit has', async () => {
  await manage('app/fine');
  expect(await doctor('app/fine')).toEqual([]);
});

describe('what is found, and mended', () => {
  test('a candidate of ours under AWSPENDING: its function gives it up', async () => {
    const { arn } = await manage('app/stuck');
    const { VersionId } = await put(arn, ['AWSPENDING', 'KEYTURN_IN_FLIGHT']);
    expect(await doctor('app/stuck')).toEqual([]);
    await age('app/stuck', 2);
    const [found] = await doctor('app/stuck');
    expect(found).toMatchObject({ code: 'PendingStuck', versionId: VersionId, isSafe: true });
    expect(await mend(found!)).toMatchObject({ done: expect.stringContaining('given up') });
    expect(await deployed.log('rotate')).toContain(
      `{"operation":"Abandon","secretArn":"${arn}","versionId":"${VersionId}"}`,
    );
  });

  test('the same while its execution runs: nothing, the execution is about it', async () => {
    const { arn } = await manage('app/running');
    const { VersionId } = await put(arn, ['AWSPENDING', 'KEYTURN_IN_FLIGHT']);
    await age('app/running', 2);
    await deployed.call('states', 'StartExecution', { stateMachineArn: machines.rotateSecretArn, name: VersionId });
    expect(await doctor('app/running')).toEqual([]);
  });

  test('another tool’s AWSPENDING: named, and detached', async () => {
    const { arn } = await manage('app/foreign');
    const { VersionId } = await put(arn, ['AWSPENDING']);
    await age('app/foreign', 30);
    const [found] = await doctor('app/foreign');
    expect(found).toMatchObject({ code: 'PendingForeign', isSafe: true });
    expect(await mend(found!)).toEqual({ done: `AWSPENDING was detached from ${VersionId}` });
    expect(await labels(arn)).not.toHaveProperty('AWSPENDING');
    expect(await doctor('app/foreign')).toEqual([]);
    await expect(mend(found!)).rejects.toMatchObject({ code: 'FindingOutdated' });
  });

  test('a value that was put by hand and never propagated: adopted once, however often it is asked for', async () => {
    const { arn } = await manage('app/by-hand');
    const { VersionId } = await put(arn, ['AWSCURRENT']);
    const { state } = deployed.cloud.service('secretsmanager') as never as { state: any };
    state.byName('us-east-1', 'app/by-hand').lastChangedAt = new Date(Date.now() - 3_600_000);
    const [found] = await doctor('app/by-hand');
    expect(found).toMatchObject({ code: 'ValueUnpropagated', versionId: VersionId, isSafe: true });
    const { executionArn } = await mend(found!);
    expect(await inputOf(executionArn)).toEqual({ secretId: arn, startedBy: 'hand', versionId: VersionId });
    expect((await mend(found!)).executionArn).toBe(executionArn);
  });

  test('a retirement that nobody waits for: consumers are told again, and it begins anew with what is left of the grace', async () => {
    const { arn, versionId } = await manage('app/in-flight', { gracePeriodSeconds: 7_200 });
    const { VersionId } = await put(arn, ['AWSCURRENT', 'KEYTURN_IN_FLIGHT']);
    await age('app/in-flight', 1);
    const [found] = await doctor('app/in-flight');
    expect(found).toMatchObject({ code: 'RetirementLost', isSafe: true });
    const { executionArn } = await mend(found!);
    const input = await inputOf(executionArn);
    expect(input).toMatchObject({
      versionId: VersionId,
      previousVersionId: versionId,
      startedBy: 'audit',
      emergency: false,
    });
    expect(input.gracePeriodSeconds).toBeGreaterThan(3_400);
    expect(input.gracePeriodSeconds).toBeLessThanOrEqual(3_600);
    const told = await deployed.call('states', 'ListExecutions', { stateMachineArn: machines.propagateSecretArn });
    expect(told.executions).toHaveLength(1);
    expect(await doctor('app/in-flight')).toEqual([]);
  });

  test('a retirement that is overdue: who still uses the credential', async () => {
    const { arn } = await manage('app/overdue-retirement');
    const { VersionId } = await put(arn, ['AWSCURRENT', 'KEYTURN_IN_FLIGHT']);
    await age('app/overdue-retirement', 48);
    const name = `retire-${VersionId}`;
    await deployed.call('states', 'StartExecution', { stateMachineArn: machines.retireCredentialArn, name });
    expect(await doctor('app/overdue-retirement')).toEqual([
      expect.objectContaining({
        code: 'RetirementOverdue',
        message: expect.stringContaining('It is used by reports from 10.0.0.7.'),
      }),
    ]);
  });

  test('a credential that the target refuses', async () => {
    const { arn, versionId } = await manage('app/refused');
    const [found] = await doctor('app/refused');
    expect(found).toMatchObject({
      code: 'CurrentRefused',
      isSafe: true,
      message: expect.stringContaining('the login was refused'),
    });
    await mend(found!);
    expect(await deployed.log('rotate')).toContain(
      `{"operation":"Repair","secretArn":"${arn}","versionId":"${versionId}","code":"CurrentRefused"}`,
    );
  });

  test('a target that does not answer', async () => {
    await manage('app/unreachable');
    expect(await doctor('app/unreachable')).toEqual([
      expect.objectContaining({
        code: 'TargetUnreachable',
        message: expect.stringContaining('no route to the database'),
      }),
    ]);
  });

  test('a parameter that holds another value, and a replica region with a secret of its own', async () => {
    await deployed.cloud.call({
      service: 'secretsmanager',
      operation: 'CreateSecret',
      input: { Name: 'app/mirrored', SecretString: 'somebody else’s' },
      principal: {
        kind: 'administrator',
        arn: 'arn:aws:iam::000000000000:user/a',
        identityArn: 'arn:aws:iam::000000000000:user/a',
      },
      region: 'eu-west-1',
    });
    const { arn } = await manage('app/mirrored', {
      mirrors: [
        { to: 'parameter', parameterName: '/app/mirrored' },
        { to: 'replica', region: 'eu-west-1' },
        { to: 'replica', region: 'eu-west-2' },
      ],
    });
    await deployed.call('ssm', 'PutParameter', { Name: '/app/mirrored', Type: 'SecureString', Value: 'older' });
    const AddReplicaRegions = [{ Region: 'eu-west-1' }, { Region: 'eu-west-2' }];
    await deployed.call('secretsmanager', 'ReplicateSecretToRegions', { SecretId: arn, AddReplicaRegions });
    const [parameter, replica, ...more] = await doctor('app/mirrored');
    expect(more).toEqual([]);
    expect(parameter).toMatchObject({ code: 'MirrorBehind', isSafe: true, repair: { action: 'propagate' } });
    expect(JSON.stringify(parameter)).not.toMatch(/older|first of/);
    expect(replica).toMatchObject({
      code: 'ReplicaBehind',
      isSafe: false,
      repair: { action: 'replicate', region: 'eu-west-1' },
    });
    await mend(replica!);
    expect((await doctor('app/mirrored')).map(({ code }) => code)).toEqual(['MirrorBehind']);
    const { executionArn } = await mend(parameter!);
    expect(await inputOf(executionArn)).toMatchObject({
      secretArn: arn,
      mirrors: settings.get('app/mirrored')!.mirrors,
    });
  });

  test('a secret that is gone', async () => {
    const { arn } = await manage('app/gone');
    await deployed.call('secretsmanager', 'DeleteSecret', { SecretId: arn });
    expect(await doctor('app/gone')).toMatchObject([
      { code: 'SecretMissing', message: expect.stringContaining('Restore it') },
    ]);
    await deployed.call('secretsmanager', 'RestoreSecret', { SecretId: arn });
  });
});

describe('the whole audit, on its schedule', () => {
  test('tells what is new as events and numbers, and once a day what stays', async () => {
    const first = (await deployed.invoke('audit', {})) as AuditAnswer;
    expect(first.secrets).toBe(settings.size);
    expect(first.findings.length).toBeGreaterThan(3);
    const told = () =>
      deployed.cloud.recorder.calls().filter(({ operation, outcome }) => operation === 'PutEvents' && outcome === 'ok')
        .length;
    expect(told()).toBe(first.findings.length);
    const rows = await eventually('rows of everything that was told', async () => {
      const { Items } = await deployed.call('dynamodb', 'Scan', { TableName: TABLE });
      return Items.length >= first.findings.length ? Items : undefined;
    });
    expect(rows.every((row: any) => row.type.S === 'Drift Found')).toBe(true);
    await deployed.invoke('audit', {});
    expect(told()).toBe(first.findings.length);

    const line = (await deployed.log('audit')).split('\n').find((one) => one.includes('AuditCompleted')) ?? '';
    const { SecretOverdue, DriftFound, AuditCompleted } = JSON.parse(line);
    expect({ SecretOverdue, DriftFound, AuditCompleted }).toEqual({
      SecretOverdue: 0,
      DriftFound: first.findings.length,
      AuditCompleted: 1,
    });
  });

  test('no value is in what it answers, tells or logs', async () => {
    const answer = JSON.stringify(await deployed.invoke('audit', { tell: false }));
    const { Items } = await deployed.call('dynamodb', 'Scan', { TableName: TABLE });
    const everything = answer + JSON.stringify(Items) + (await deployed.log('audit')) + (await deployed.log('rotate'));
    expect(everything).not.toMatch(/first of app|another"|somebody else/);
  });

  test('one secret that cannot be looked at does not keep the others from it', async () => {
    deployed.cloud.faults.add({
      kind: 'error',
      service: 'secretsmanager',
      operation: 'DescribeSecret',
      resource: 'app/fine',
      code: 'InternalServiceError',
      httpStatus: 500,
      times: 5,
    });
    const answer = (await deployed.invoke('audit', { tell: false })) as AuditAnswer;
    deployed.cloud.faults.clear();
    expect(answer.findings.filter(({ secretName }) => secretName === 'app/fine')).toMatchObject([
      { code: 'AuditIncomplete' },
    ]);
    expect(answer.findings.some(({ code }) => code === 'CurrentRefused')).toBe(true);
  });

  test('an audit whose time runs out tells what it has found, and how much it has not looked at', async () => {
    await deployed.call('lambda', 'UpdateFunctionConfiguration', { FunctionName: 'audit', Timeout: 20 });
    const answer = await eventually('a function with less time than telling takes', async () => {
      const found = (await deployed.invoke('audit', { tell: false })) as AuditAnswer;
      return found.findings.length === 1 ? found : undefined;
    });
    expect(answer.findings).toMatchObject([
      { code: 'AuditIncomplete', message: expect.stringContaining(`${settings.size - 1} more`) },
    ]);
  });
});
