import {
  CancelRotateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { jest } from '@jest/globals';
import { Desk } from './desk.ts';

// Each command is a process of its own.
jest.setTimeout(120_000);

const login = { kind: 'postgres', superuserSecret: 'shop/superuser', evidenceIntervalSeconds: 5 };
const manifest = {
  secrets: {
    database: { ...login, secret: { name: 'shop/database' } },
    orders: { ...login, secret: { name: 'shop/orders' } },
  },
};
const foreign = '0123456789abcdef0123456789abcdef';
const foreignToo = 'fedcba9876543210fedcba9876543210';

let desk: Desk;
beforeAll(async () => {
  desk = await Desk.open();
  await desk.createLogin('shop/database', 'shop');
  await desk.createLogin('shop/orders', 'orders');
  await desk.deploy(manifest);
}, 240_000);
afterAll(() => desk?.close());

const describeSecret = (SecretId: string) => desk.secrets.send(new DescribeSecretCommand({ SecretId }));
const codes = async (...words: string[]) => {
  const told = await desk.keyturn(['doctor', ...words, '--json']);
  return { code: told.code, findings: JSON.parse(told.stdout).findings.map(({ code }: any) => code) };
};

/** A candidate as another tool leaves it when it dies: AWSPENDING on a version that nobody is at work on. */
async function leavePending(ClientRequestToken: string): Promise<void> {
  const SecretString = JSON.stringify(await desk.value('shop/orders'));
  const put = { SecretId: 'shop/orders', SecretString, ClientRequestToken, VersionStages: ['AWSPENDING'] };
  // What is younger than a rotation may take is left alone.
  await desk.hoursAgo(1, () => desk.secrets.send(new PutSecretValueCommand(put)));
}

test('all is well: one line, and 0', async () => {
  expect(await desk.keyturn(['doctor'])).toEqual({
    code: 0,
    stdout: 'ok  2 secrets looked at: everything is as it should be.\n',
    stderr: '',
  });
});

test('an AWSPENDING of another tool: found, explained, and the command that repairs it', async () => {
  await leavePending(foreign);
  const told = await desk.keyturn(['doctor']);
  expect(told.code).toBe(1);
  expect(told.stdout).toMatch(
    /^2 secrets looked at, 1 finding:\n\nPendingForeign {2}AWSPENDING was left by another tool/,
  );
  expect(told.stdout).toMatch(/ {2}repair: keyturn doctor shop\/orders --repair/);
});

test('one secret alone is looked at when it is named', async () => {
  expect(await codes('shop/database')).toEqual({ code: 0, findings: [] });
  expect(await codes('shop/orders')).toEqual({ code: 1, findings: ['PendingForeign'] });
});

test('--repair is offered, never made silently: without a terminal and --yes nothing is done', async () => {
  const refused = await desk.keyturn(['doctor', '--repair']);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/^keyturn: Make 1 .*\? There is no terminal to answer at. Pass --yes/);
  expect((await desk.labels('shop/orders')).AWSPENDING).toBe(foreign);
});

test('--repair --yes repairs it, says what was done, and the next rotation goes through', async () => {
  const repaired = await desk.keyturn(['doctor', '--repair', '--yes']);
  expect(repaired.code).toBe(0);
  expect(repaired.stdout).toMatch(
    /^repaired {2}shop\/orders PendingForeign: AWSPENDING was detached from 0123456789abcdef/m,
  );
  expect((await desk.labels('shop/orders')).AWSPENDING).toBeUndefined();
  expect(await codes()).toEqual({ code: 0, findings: [] });
  expect((await desk.keyturn(['rotate', 'shop/orders', '--wait'])).code).toBe(0);
});

test('a login whose password somebody changed in the database: repaired in the database', async () => {
  await desk.query("ALTER ROLE shop PASSWORD 'changed-behind-the-back'");
  expect(await codes('shop/database')).toEqual({ code: 1, findings: ['CurrentRefused'] });
  const repaired = await desk.keyturn(['doctor', 'shop/database', '--repair', '--yes']);
  expect(repaired).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('repaired  shop/database CurrentRefused'),
  });
  expect(await codes('shop/database')).toEqual({ code: 0, findings: [] });
});

test('what only a person can repair stays, with a person has to act: rotation that was turned off', async () => {
  await desk.secrets.send(new CancelRotateSecretCommand({ SecretId: 'shop/database' }));
  const told = await desk.keyturn(['doctor', 'shop/database', '--repair', '--yes']);
  expect(told.code).toBe(1);
  expect(told.stdout).toMatch(/RotationOff .*\n {2}shop\/database: .*\n {2}a person has to act: /);
  expect(told.stdout).not.toMatch(/^repaired/m);
  // The command that it prints, as the SDK sends it.
  expect(told.stdout).toContain('aws secretsmanager rotate-secret --secret-id shop/database --no-rotate-immediately');
  const { VersionIdsToStages: before } = await describeSecret('shop/database');
  await desk.secrets.send(new RotateSecretCommand({ SecretId: 'shop/database', RotateImmediately: false }));
  expect(await codes('shop/database')).toEqual({ code: 0, findings: [] });
  expect((await describeSecret('shop/database')).VersionIdsToStages).toEqual(before);
});

test('a secret that is scheduled for deletion: restored with the command that doctor prints', async () => {
  await desk.secrets.send(new DeleteSecretCommand({ SecretId: 'shop/database' }));
  const told = await desk.keyturn(['doctor', 'shop/database', '--repair', '--yes']);
  expect(told.code).toBe(1);
  expect(told.stdout).toMatch(
    /SecretMissing .*\n.*\n {2}a person has to act: aws secretsmanager restore-secret --secret-id shop\/database,/,
  );
  await desk.secrets.send(new RestoreSecretCommand({ SecretId: 'shop/database' }));
  expect(await codes('shop/database')).toEqual({ code: 0, findings: [] });
});

test('a label that moved between looking and repairing: the finding is outdated, and nothing is done', async () => {
  await leavePending(foreignToo);
  let isMoved = false;
  const gone = { SecretId: 'shop/orders', VersionStage: 'AWSPENDING', RemoveFromVersionId: foreignToo };
  const unsubscribe = desk.cloud.recorder.subscribe((call) => {
    // The audit has answered; the repair has not looked.
    if (isMoved || call.operation !== 'Invoke' || !call.resources.some((arn) => /audit/i.test(arn))) return;
    isMoved = true;
    void desk.secrets.send(new UpdateSecretVersionStageCommand(gone));
  });
  // Before it repairs, doctor reads the settings once more: there is time enough for the label to move.
  const delay = { service: 'ssm', operation: 'GetParameter', delayMilliseconds: 2_000, times: 50 };
  desk.cloud.faults.add({ kind: 'delay', ...delay });
  const told = await desk.keyturn(['doctor', 'shop/orders', '--repair', '--yes']);
  desk.cloud.faults.clear();
  unsubscribe();
  expect(told.code).toBe(1);
  expect(told.stdout).toMatch(
    /^not repaired {2}shop\/orders PendingForeign: .*not AWSPENDING any more. Nothing was done/m,
  );
});
