import type { AuditAnswer } from '../../pipeline/contracts/audit.ts';
import { eventually } from '../eventually.ts';
import {
  age,
  doctor,
  inputOf,
  labels,
  machines,
  manage,
  openAuditLab,
  put,
  repair,
  settings,
  TABLE,
} from './audit-lab.ts';
import type { Deployed } from './deployed.ts';

let deployed: Deployed;
beforeAll(async () => {
  deployed = await openAuditLab();
}, 120_000);
afterAll(() => deployed?.close());

test('a secret at rest: nothing is found, under exactly the grants that the audit has', async () => {
  await manage('app/fine');
  expect(await doctor('app/fine')).toEqual([]);
});

describe('what is found, and repaired', () => {
  test('a candidate of ours under AWSPENDING: its function gives it up', async () => {
    const { arn } = await manage('app/stuck');
    const { VersionId } = await put(arn, ['AWSPENDING', 'KEYTURN_IN_FLIGHT']);
    expect(await doctor('app/stuck')).toEqual([]);
    await age('app/stuck', 2);
    const [found] = await doctor('app/stuck');
    expect(found).toMatchObject({ code: 'PendingStuck', versionId: VersionId, isSafe: true });
    const { done, awaited } = await repair(found!);
    expect(done).toContain('given up');
    expect(await inputOf(awaited)).toEqual({
      ...{ secretId: arn, startedBy: 'doctor', operation: 'repair' },
      ...{ code: 'PendingStuck', expectedVersionId: VersionId },
    });
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
    expect(await repair(found!)).toEqual({ done: `AWSPENDING was detached from ${VersionId}` });
    expect(await labels(arn)).not.toHaveProperty('AWSPENDING');
    expect(await doctor('app/foreign')).toEqual([]);
    await expect(repair(found!)).rejects.toMatchObject({ code: 'FindingOutdated' });
  });

  test('a value that was put by hand and never propagated: adopted once, however often it is asked for', async () => {
    const { arn } = await manage('app/by-hand');
    const { VersionId } = await put(arn, ['AWSCURRENT']);
    const { state } = deployed.cloud.service('secretsmanager') as never as { state: any };
    state.byName('us-east-1', 'app/by-hand').lastChangedAt = new Date(Date.now() - 3_600_000);
    const [found] = await doctor('app/by-hand');
    expect(found).toMatchObject({ code: 'ValueUnpropagated', versionId: VersionId, isSafe: true });
    const { awaited } = await repair(found!);
    expect(await inputOf(awaited)).toEqual({ secretId: arn, startedBy: 'hand', versionId: VersionId });
    expect((await repair(found!)).awaited).toBe(awaited);
  });

  test('a retirement that nobody waits for: consumers are told again, and it begins anew with what is left of the grace', async () => {
    const { arn, versionId } = await manage('app/in-flight', { gracePeriodSeconds: 7_200 });
    const { VersionId } = await put(arn, ['AWSCURRENT', 'KEYTURN_IN_FLIGHT']);
    await age('app/in-flight', 1);
    const [found] = await doctor('app/in-flight');
    expect(found).toMatchObject({ code: 'RetirementLost', isSafe: true });
    const { begun } = await repair(found!);
    const input = await inputOf(begun);
    expect(input).toMatchObject({
      versionId: VersionId,
      previousVersionId: versionId,
      startedBy: 'doctor',
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
    expect(await inputOf((await repair(found!)).awaited)).toEqual({
      ...{ secretId: arn, startedBy: 'doctor', operation: 'repair' },
      ...{ code: 'CurrentRefused', expectedVersionId: versionId },
    });
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
    await repair(replica!);
    expect((await doctor('app/mirrored')).map(({ code }) => code)).toEqual(['MirrorBehind']);
    const { awaited } = await repair(parameter!);
    expect(await inputOf(awaited)).toMatchObject({
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
    const answer = JSON.stringify(await deployed.invoke('audit', { publish: false }));
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
    const answer = (await deployed.invoke('audit', { publish: false })) as AuditAnswer;
    deployed.cloud.faults.clear();
    expect(answer.findings.filter(({ secretName }) => secretName === 'app/fine')).toMatchObject([
      { code: 'AuditIncomplete' },
    ]);
    expect(answer.findings.some(({ code }) => code === 'CurrentRefused')).toBe(true);
  });

  test('an audit whose time runs out tells what it has found, and how much it has not looked at', async () => {
    await deployed.call('lambda', 'UpdateFunctionConfiguration', { FunctionName: 'audit', Timeout: 20 });
    const answer = await eventually('a function with less time than telling takes', async () => {
      const found = (await deployed.invoke('audit', { publish: false })) as AuditAnswer;
      return found.findings.length === 1 ? found : undefined;
    });
    expect(answer.findings).toMatchObject([
      { code: 'AuditIncomplete', message: expect.stringContaining(`${settings.size - 1} more`) },
    ]);
  });
});
