import {
  DeleteSecretCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { jest } from '@jest/globals';
import { eventually } from '../eventually.ts';
import { Desk, type Ended, type RunOptions } from './desk.ts';

// Each command is a process of its own, and a rotation takes its time.
jest.setTimeout(120_000);

/** Three secrets of somebody's, put into the care of a pipeline by a manifest, and the commands against it in the order of a day's work. */
const login = { kind: 'postgres', superuserSecret: 'shop/superuser', evidenceIntervalSeconds: 5 };
const manifest = {
  secrets: {
    database: {
      ...login,
      secret: { name: 'shop/database' },
      schedule: { everyDays: 30, timeZone: 'Europe/Berlin' },
      // An hour of the machines is 36 seconds here: long enough to find the rotation in its grace period.
      gracePeriodSeconds: 20_000,
      checks: [{ type: 'function', function: 'gate' }],
    },
    orders: { ...login, secret: { name: 'shop/orders' }, gracePeriodSeconds: 30 },
    payment: { kind: 'watched', secret: { name: 'shop/payment' } },
  },
};

let desk: Desk;
beforeAll(async () => {
  desk = await Desk.open();
  await desk.createLogin('shop/database', 'shop');
  await desk.createLogin('shop/orders', 'orders');
  await desk.createSecret('shop/payment', { key: 'first' });
  await desk.createGate('gate');
  await desk.deploy(manifest);
}, 240_000);
afterAll(() => desk?.close());

const last = (ended: Ended) => ended.stderr.trim().split('\n').at(-1);

describe('before anything was rotated', () => {
  test('plan: the deployed settings are what the manifest says, and nothing blocks', async () => {
    const planned = await desk.keyturn(['plan', desk.write('manifest.json', manifest), '--json']);
    const { changes, preflights } = JSON.parse(planned.stdout);
    expect(changes.map(({ what, settings }: any) => ({ what, settings }))).toEqual(
      [1, 2, 3].map(() => ({ what: 'keep', settings: [] })),
    );
    const levels = preflights
      .filter(({ secret }: any) => secret === 'database')
      .map(({ check, level }: any) => [check, level]);
    expect(Object.fromEntries(levels)).toEqual({
      secret: 'ok',
      pending: 'ok',
      iam: 'ok',
      password: 'ok',
      // The laptop has no network to describe.
      network: 'unknown',
      database: 'ok',
    });
    expect(planned.code).toBe(0);
  });

  test('plan: what a changed manifest would change, setting by setting', async () => {
    const { database } = manifest.secrets;
    const changed = { secrets: { database: { ...database, gracePeriodSeconds: 30_000, group: 'shop' } } };
    const planned = await desk.keyturn(['plan', desk.write('changed.json', changed)]);
    expect(planned.stdout).toMatch(
      /~ shop\/database\n\s+gracePeriodSeconds: 20000 → 30000\n\s+group: nothing → "shop"/,
    );
    expect(planned.stdout).toMatch(/- shop\/orders {2}is no longer in the manifest/);
  });

  test('status: every secret, its kind, its schedule, and that all is well', async () => {
    const told = await desk.keyturn(['status']);
    expect(told).toMatchObject({ code: 0, stderr: '' });
    const lines = told.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual(['SECRET', 'KIND', 'STANDING', 'AGE', 'NEXT', 'CONSUMERS', 'CHECKS']);
    expect(lines.slice(1).map(([name, kind, standing]) => [name, kind, standing])).toEqual([
      ['shop/database', 'postgres, alternating-users', 'Not rotated yet'],
      ['shop/orders', 'postgres, alternating-users', 'Not rotated yet'],
      ['shop/payment', 'watched', 'Watched'],
    ]);
    expect(told.stdout).toMatch(/^shop\/database .* rate\(30 days\) .* 0 of 1 passed$/m);
  });

  test('check: the checks of what is current', async () => {
    const checked = await desk.keyturn(['check', 'shop/database']);
    expect(checked).toMatchObject({ code: 0, stdout: 'ok  shop/database: 1 of 1 checks passed: gate.\n' });
  });

  test('roll-back: there is nothing to go back to, and nobody is asked', async () => {
    const rolled = await desk.keyturn(['roll-back', 'shop/database', '--yes']);
    expect(rolled.code).toBe(1);
    expect(rolled.stderr).toBe(
      'keyturn: shop/database has no previous version to go back to. Put a working value by hand.\n',
    );
  });
});

describe('a rotation', () => {
  test('rotate --wait tells the states and the four steps in their order, and the new login is under AWSCURRENT', async () => {
    const rotated = await desk.keyturn(['rotate', 'shop/database', '--wait']);
    expect(rotated.code).toBe(0);
    expect(rotated.stdout).toMatch(/^ok {2}shop\/database is rotated: version keyturn-[0-9a-f]{40}\.\n$/);
    const told = rotated.stderr.split('\n').map((line) =>
      line
        .slice(10)
        .replace(/ (done in|is AWSCURRENT).*/, '')
        .trim(),
    );
    // Without consumers and mirrors there is nothing to propagate.
    const states = ['Prepare', 'RotateSecret', 'AwaitPromotion', 'RunChecks', 'ScheduleRetirement'];
    expect(told.filter((line) => states.includes(line))).toEqual(states);
    expect(await desk.value('shop/database')).toMatchObject({ username: 'shop_clone' });
  });

  test('history: the story from the start to the success, with every step', async () => {
    const story = await eventually('the whole story', async () => {
      const told = await desk.keyturn(['history', 'shop/database', '--json']);
      const { events } = JSON.parse(told.stdout);
      const types = events.map(({ type, detail }: any) => detail.step ?? type);
      return types.includes('Rotation Succeeded') && types.includes('finishSecret') ? types : undefined;
    });
    expect(story).toEqual(
      expect.arrayContaining(['Rotation Started', 'createSecret', 'setSecret', 'testSecret', 'Check Passed']),
    );
    const newest = await desk.keyturn(['history', 'shop/database', '--limit', '1']);
    expect(newest.stdout.trim().split('\n')).toHaveLength(2);
  });

  test('a second rotation inside the grace period is refused before it is started, with the time and the way out', async () => {
    const before = await desk.labels('shop/database');
    const refused = await desk.keyturn(['rotate', 'shop/database', '--wait']);
    expect(refused.code).toBe(6);
    expect(refused.stderr).toMatch(
      /^keyturn: shop\/database was rotated, .* until \d{4}-.*--retire-now.*--emergency\.\n$/,
    );
    expect(await desk.labels('shop/database')).toEqual(before);
  });

  test('status says that the previous credential is kept', async () => {
    const told = await desk.keyturn(['status', '--json']);
    const [database] = JSON.parse(told.stdout).secrets;
    expect(database).toMatchObject({ name: 'shop/database', standing: { word: 'Rotated, in grace', tone: 'good' } });
  });

  test('roll-back without a terminal and without --yes is refused, and says what it would do', async () => {
    const before = await desk.labels('shop/database');
    const asked = await desk.keyturn(['roll-back', 'shop/database']);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toMatch(
      new RegExp(`^keyturn: Roll shop/database back from version ${before.AWSCURRENT} to .*Pass --yes`),
    );
    expect(await desk.labels('shop/database')).toEqual(before);
  });

  test('roll-back --yes: the version before is AWSCURRENT again, and works', async () => {
    const { AWSPREVIOUS } = await desk.labels('shop/database');
    const rolled = await desk.keyturn(['roll-back', 'shop/database', '--yes']);
    expect(rolled).toMatchObject({ code: 0, stdout: `ok  shop/database is rolled back to version ${AWSPREVIOUS}.\n` });
    expect((await desk.labels('shop/database')).AWSCURRENT).toBe(AWSPREVIOUS);
    expect(await desk.value('shop/database')).toMatchObject({ username: 'shop' });
  });
});

describe('when something is wrong', () => {
  test('a rotation whose check fails is rolled back: exit code 1, the check named, the cause in words', async () => {
    await desk.setGate('gate', 'closed');
    const before = await desk.labels('shop/database');
    const rotated = await desk.keyturn(['rotate', 'shop/database', '--wait']);
    expect(rotated.code).toBe(1);
    expect(rotated.stdout).toBe('');
    expect(last(rotated)).toMatch(/^keyturn: RotationRolledBack: shop\/database: .*The gate is closed/);
    expect((await desk.labels('shop/database')).AWSCURRENT).toBe(before.AWSCURRENT);
  });

  test('check: the failing check and why; status: what went wrong last', async () => {
    const checked = await desk.keyturn(['check', 'shop/database']);
    expect(checked.code).toBe(1);
    expect(last(checked)).toMatch(/gate.*The gate is closed/);
    const told = await desk.keyturn(['status', '--json']);
    const { standing } = JSON.parse(told.stdout).secrets[0];
    expect(standing).toMatchObject({
      word: 'Rolled back',
      tone: 'bad',
      explanation: expect.stringContaining('closed'),
    });
  });

  test('an AWSPENDING that another tool left: rotate refuses, plan blocks and says how to mend it, --force goes on', async () => {
    const stuck = '0123456789abcdef0123456789abcdef';
    const SecretString = JSON.stringify(await desk.value('shop/orders'));
    const SecretId = 'shop/orders';
    await desk.secrets.send(
      new PutSecretValueCommand({ SecretId, SecretString, ClientRequestToken: stuck, VersionStages: ['AWSPENDING'] }),
    );
    const refused = await desk.keyturn(['rotate', 'shop/orders']);
    expect(refused).toMatchObject({ code: 6, stderr: expect.stringContaining(`version ${stuck} is AWSPENDING`) });

    const planned = await desk.keyturn(['plan', desk.write('manifest.json', manifest)]);
    expect(planned.code).toBe(1);
    expect(planned.stdout).toMatch(new RegExp(`blocks +orders +pending .*--remove-from-version-id ${stuck}`));

    expect((await desk.keyturn(['rotate', 'shop/orders', '--force', '--wait'])).code).toBe(2);
    const forced = await desk.keyturn(['rotate', 'shop/orders', '--force', '--yes', '--wait']);
    expect(forced.code).toBe(0);
    expect((await desk.labels('shop/orders')).AWSPENDING).toBeUndefined();
  });

  test('plan names the missing grant and the statement that gives it', async () => {
    await desk.queryAsServer("CREATE ROLE foreign_login LOGIN PASSWORD 'foreign-1'");
    await desk.createSecret('shop/foreign', {
      ...(await desk.value('shop/superuser')),
      username: 'foreign_login',
      password: 'foreign-1',
    });
    const secrets = { foreign: { ...login, secret: { name: 'shop/foreign' } } };
    const planned = await desk.keyturn(['plan', desk.write('foreign.json', { secrets })]);
    expect(planned.code).toBe(1);
    expect(planned.stdout).toMatch(/blocks +foreign +database .*Run: GRANT foreign_login TO boss WITH ADMIN OPTION;/);
  });

  test('plan says what is not there: the secret, the superuser’s secret', async () => {
    const secrets = {
      nothing: { ...login, secret: { name: 'shop/nothing' } },
      orders: { ...login, superuserSecret: 'shop/nobody', secret: { name: 'shop/orders' } },
    };
    const planned = await desk.keyturn(['plan', desk.write('missing.json', { secrets }), '--json']);
    const blocking = JSON.parse(planned.stdout).preflights.filter(({ level }: any) => level === 'blocks');
    expect(blocking.map(({ secret, check, code }: any) => [secret, check, code])).toEqual([
      ['nothing', 'secret', 'SecretMissing'],
      ['orders', 'iam', 'NotFound'],
      ['orders', 'database', 'NotFound'],
    ]);
  });

  test('a managed secret that was deleted: one line says so, and status shows the others', async () => {
    const Name = 'shop/payment';
    await desk.secrets.send(new DeleteSecretCommand({ SecretId: Name, ForceDeleteWithoutRecovery: true }));
    const refused = await desk.keyturn(['rotate', Name]);
    expect(refused).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^keyturn: .*manages shop\/payment, but Secrets Manager has no such secret/),
    });
    const told = await desk.keyturn(['status']);
    expect(told.code).toBe(1);
    expect(told.stdout).toMatch(/^shop\/database .*/m);
    expect(told.stdout).toMatch(/^shop\/payment +Could not be read\. /m);
    await desk.createSecret(Name, { key: 'again' });
  });

  test('a watched secret is not rotated', async () => {
    const refused = await desk.keyturn(['rotate', 'shop/payment']);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^keyturn: shop\/payment is watched, not rotated/),
    });
  });
});

describe('many at once, and by hand', () => {
  test('rotate-all asks with the names; --yes rotates them all, in an emergency even inside the grace period', async () => {
    await desk.setGate('gate', 'open');
    const asked = await desk.keyturn(['rotate-all', '--kind', 'postgres', '--emergency']);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toMatch(/^keyturn: Rotate 2 secrets: shop\/database, shop\/orders\? In an emergency: .*--yes/);
    const before = [await desk.labels('shop/database'), await desk.labels('shop/orders')];
    const all = await desk.keyturn(['rotate-all', '--kind', 'postgres', '--emergency', '--yes', '--wait']);
    expect(all).toMatchObject({ code: 0, stdout: 'ok  2 secrets rotated.\n' });
    const after = [await desk.labels('shop/database'), await desk.labels('shop/orders')];
    expect(after.map(({ AWSCURRENT }) => AWSCURRENT)).not.toEqual(before.map(({ AWSCURRENT }) => AWSCURRENT));
  });

  test('rotate --emergency asks with the consumers; --yes --wait ends when the previous login is revoked, and says whom that hurt', async () => {
    const asked = await desk.keyturn(['rotate', 'shop/orders', '--emergency']);
    expect(asked).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('consumers that still use it fail (none is declared)'),
    });
    const { username, password, host } = await desk.value('shop/orders');
    const session = await desk.connect({ username: username!, password: password!, host: host! });
    try {
      const rotated = await desk.keyturn(['rotate', 'shop/orders', '--emergency', '--yes', '--wait']);
      expect(rotated.code).toBe(0);
      expect(rotated.stdout).toMatch(/The previous credential is revoked; it was still used by desk from 127\./);
    } finally {
      await session.end();
    }
    const [login] = await desk.query(`SELECT rolcanlogin FROM pg_roles WHERE rolname = '${username}'`);
    expect(login).toEqual({ rolcanlogin: false });
  });

  test('rotate-all of a group that nobody is in: nothing is started', async () => {
    const none = await desk.keyturn(['rotate-all', '--group', 'nobody', '--yes']);
    expect(none).toMatchObject({ code: 3, stderr: expect.stringContaining('No secret of the pipeline') });
  });

  test('Ctrl-C ends the waiting and not the rotation', async () => {
    await eventually('the end of the grace period', async () => {
      const { AWSCURRENT, KEYTURN_IN_FLIGHT } = await desk.labels('shop/orders');
      return KEYTURN_IN_FLIGHT === AWSCURRENT ? undefined : true;
    });
    const slow = { service: 'secretsmanager', operation: 'RotateSecret', delayMilliseconds: 10_000 };
    desk.cloud.faults.add({ kind: 'delay', ...slow });
    const { AWSCURRENT: before } = await desk.labels('shop/orders');
    let isInterrupted = false;
    const onOutput: RunOptions['onOutput'] = ({ stderr }, kill) => {
      if (isInterrupted || !stderr.includes('Prepare')) return;
      isInterrupted = true;
      kill('SIGINT');
    };
    const rotation = await desk.keyturn(['rotate', 'shop/orders', '--wait'], {}, { onOutput });
    expect(rotation.code).toBe(130);
    expect(last(rotation)).toMatch(/^Not waited for any longer; the execution goes on: arn:/);
    await eventually('the rotation', async () => {
      const { AWSCURRENT } = await desk.labels('shop/orders');
      return AWSCURRENT === before ? undefined : true;
    });
  });

  test('an ARN names a secret as its name does; --json answers one document', async () => {
    const { arn } = JSON.parse((await desk.keyturn(['status', '--json'])).stdout).secrets[2];
    await desk.secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: arn,
        VersionStage: 'MINE',
        MoveToVersionId: (await desk.labels(arn)).AWSCURRENT,
      }),
    );
    const told = await desk.keyturn(['history', arn, '--json']);
    expect(JSON.parse(told.stdout)).toEqual({ secretArn: arn, events: [] });
  });
});
