import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { ask } from '../../pipeline/audit/ask-function.ts';
import { type AuditDependencies, audit } from '../../pipeline/audit/audit.ts';
import { repairDrift } from '../../pipeline/audit/repair-drift.ts';
import type { AuditAnswer, Finding } from '../../pipeline/contracts/audit.ts';
import { pipelineParameterName, settingsPrefixOf } from '../../pipeline/contracts/settings/pipeline.ts';
import type { SecretSettings } from '../../pipeline/contracts/settings/secret.ts';
import { settingsParameterName } from '../../pipeline/contracts/settings/settings-parameter.ts';
import { eventually } from '../eventually.ts';
import { Laptop, type Value } from './lab/laptop.ts';

const PIPELINE = 'keyturn';
let laptop: Laptop;
let ssm: SSMClient;
let dependencies: Omit<AuditDependencies, 'now' | 'deadline'>;
let auditFunctionArn: string;
let first: Value;

beforeAll(async () => {
  laptop = await Laptop.start();
  const options = {
    endpoint: laptop.cloud.endpointUrl,
    region: laptop.cloud.region,
    credentials: laptop.cloud.administrator,
  };
  ssm = new SSMClient(options);
  const description = JSON.parse(await parameter(pipelineParameterName(PIPELINE)));
  auditFunctionArn = description.auditFunctionArn;
  dependencies = {
    ...laptop.auditor(() => new Date()),
    ssm,
    secretsManager: new SecretsManagerClient(options),
    dynamodb: new DynamoDBClient(options),
    states: new SFNClient(options),
    lambda: laptop.lambda,
    settingsPrefix: settingsPrefixOf(PIPELINE),
    historyTableName: description.historyTableName,
    machines: {
      rotateSecretArn: laptop.executions.arn('rotate-secret'),
      retireCredentialArn: laptop.executions.arn('retire-credential'),
    },
    sleep,
  };
  first = await laptop.createLogin('lab/alternating');
  await laptop.createLogin('lab/single');
}, 120_000);
afterAll(() => laptop?.close());

async function parameter(Name: string): Promise<string> {
  const answer = await ssm.send(new GetParameterCommand({ Name }));
  return answer.Parameter?.Value ?? '';
}

/**
 * What the audit would find when so much time has passed: findings wait until nothing can be under way. The lab's schedule is
 * monthly: whether a rotation is due within these hours depends on the day of the test.
 */
async function look(secretId: string, hoursFromNow = 0): Promise<Finding[]> {
  const now = () => new Date(Date.now() + hoursFromNow * 3_600_000);
  const { findings } = await audit({ ...dependencies, now, deadline: new Date(8e15) }, secretId);
  return findings.filter(({ code }) => code !== 'SecretOverdue');
}

async function repair(finding: Finding | undefined) {
  const settings: SecretSettings = JSON.parse(
    await parameter(settingsParameterName(settingsPrefixOf(PIPELINE), finding!.secretName)),
  );
  const machines = { ...dependencies.machines, propagateSecretArn: laptop.executions.arn('propagate-secret') };
  const repairer = { ...dependencies, secretsManager: laptop.secrets, machines, now: () => new Date() };
  const repaired = await repairDrift(repairer, finding!, settings);
  if (repaired.awaited) await laptop.executions.end(repaired.awaited);
  return repaired;
}

const asAdministrator = async (sql: string) => laptop.query(await laptop.value('lab/superuser'), sql);

test('before anything has happened nothing is found, by the audit as it is deployed', async () => {
  expect(await look('lab/alternating')).toEqual([]);
  expect(await look('lab/single')).toEqual([]);
  const answer = (await ask(laptop.lambda, auditFunctionArn, { publish: false })) as AuditAnswer;
  // The logins behind the proxy and of the superuser's secret have not been made here.
  const ours = answer.findings.filter(({ secretName }) => ['lab/alternating', 'lab/single'].includes(secretName));
  expect({ secrets: answer.secrets, ours }).toEqual({ secrets: 4, ours: [] });
  expect(answer.findings.filter(({ code }) => code === 'AuditIncomplete')).toEqual([]);
});

describe('a rotation in flight', () => {
  test('whose retirement was stopped: found, resumed, and it ends with the old login retired', async () => {
    // Its grace period is short here: while a session is open it cannot end before it is stopped.
    const session = await laptop.connect(first);
    await laptop.executions.rotate('lab/alternating');
    const { AWSCURRENT: versionId } = await laptop.labels('lab/alternating');
    const retirements = await laptop.executions.list('retire-credential');
    const waiting = retirements.find(({ name }) => name === `retire-${versionId}`);
    expect(waiting).toMatchObject({ status: 'RUNNING' });
    expect(await look('lab/alternating', 1)).toEqual([]);
    await laptop.executions.client.send(new StopExecutionCommand({ executionArn: waiting!.executionArn }));
    await session.end();

    const [found] = await look('lab/alternating', 1);
    expect(found).toMatchObject({ code: 'RetirementLost', versionId, isSafe: true });
    const { begun } = await repair(found);
    expect(await laptop.executions.end(begun!)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await laptop.labels('lab/alternating')).not.toHaveProperty('KEYTURN_IN_FLIGHT');
    await expect(laptop.connect(first)).rejects.toMatchObject({ code: '28000' });
    expect(await look('lab/alternating', 1)).toEqual([]);
  });

  test('whose previous login somebody disabled while it is in use: found, and it works again', async () => {
    const before = await laptop.value('lab/alternating');
    await laptop.executions.rotate('lab/alternating');
    const consumer = await laptop.connect(before);
    await asAdministrator(`ALTER ROLE "${before.username}" NOLOGIN`);
    const found = await look('lab/alternating');
    expect(found.map(({ code }) => code)).toEqual(['PreviousRefused', 'DisabledLoginInUse']);
    expect(found[1]).toMatchObject({ isSafe: false, message: expect.stringContaining('scenario from 127.') });
    await repair(found[0]);
    expect(await laptop.query(before, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect((await consumer.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await consumer.end();
    await eventually('nothing to be found', async () =>
      (await look('lab/alternating')).length === 0 ? true : undefined,
    );
    await laptop.rest('lab/alternating');
  });
});

test('a membership that was revoked: found, and what the login creates belongs to the owner role again', async () => {
  await laptop.executions.rotate('lab/alternating');
  await laptop.rest('lab/alternating');
  const value = await laptop.value('lab/alternating');
  const [base, second] = [value.username.replace(/_clone$/, ''), `${value.username.replace(/_clone$/, '')}_clone`];
  await asAdministrator(`REVOKE "${base}" FROM "${second}"`);
  const found = await look('lab/alternating');
  expect(found.map(({ code }) => code)).toContain('MembershipLost');
  await repair(found.find(({ code }) => code === 'MembershipLost'));
  expect(await look('lab/alternating')).toEqual([]);
  expect(await laptop.query(value, 'SELECT current_user::text AS who')).toEqual([{ who: base }]);
});

test('a password that was changed behind the secret’s back: found, and AWSCURRENT works again', async () => {
  const value = await laptop.value('lab/alternating');
  await asAdministrator(`ALTER ROLE "${value.username}" PASSWORD 'Behind-1'`);
  const [found, ...more] = await look('lab/alternating');
  expect(more).toEqual([]);
  expect(found).toMatchObject({ code: 'CurrentRefused', isSafe: true });
  await repair(found);
  expect(await laptop.query(value, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  expect(await look('lab/alternating')).toEqual([]);
});

test('a value put by hand whose event was lost: found, propagated and checked', async () => {
  await laptop.executions.rotate('lab/single');
  await laptop.rest('lab/single');
  laptop.cloud.settings.eventsLostRate = 1;
  const value = await laptop.value('lab/single');
  const { VersionId } = await laptop.secrets.send(
    new PutSecretValueCommand({ SecretId: 'lab/single', SecretString: JSON.stringify({ ...value, note: 'by hand' }) }),
  );
  laptop.cloud.settings.eventsLostRate = 0;
  expect(await look('lab/single')).toEqual([]);
  const [found] = await look('lab/single', 1);
  expect(found).toMatchObject({ code: 'ValueUnpropagated', versionId: VersionId, isSafe: true });
  const { awaited } = await repair(found);
  expect(await laptop.executions.end(awaited!)).toMatchObject({ status: 'SUCCEEDED' });
  expect(await laptop.executions.states(awaited!)).toEqual(expect.arrayContaining(['ChooseWork', 'RunChecks']));
  await eventually('the history to have heard of it', async () =>
    (await look('lab/single', 1)).length === 0 ? true : undefined,
  );
});

test('AWSPENDING that another tool left: after a day it is abandoned, and the next rotation goes through', async () => {
  const versionId = await laptop.leavePending('lab/alternating');
  expect(await look('lab/alternating', 2)).toMatchObject([{ code: 'PendingForeign', isSafe: false }]);
  const [found] = await look('lab/alternating', 25);
  expect(found).toMatchObject({ code: 'PendingForeign', versionId, isSafe: true });
  await repair(found);
  expect(await laptop.executions.rotate('lab/alternating')).toMatchObject({ status: 'SUCCEEDED' });
});
