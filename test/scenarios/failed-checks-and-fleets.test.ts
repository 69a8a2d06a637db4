import { TagResourceCommand } from '@aws-sdk/client-secrets-manager';
import type { SnsService } from '../../local/services/sns/service.ts';
import { eventually } from '../eventually.ts';
import { Laptop } from './lab/laptop.ts';

let laptop: Laptop;
const FLEET = ['lab/alternating', 'lab/single'];

beforeAll(async () => {
  laptop = await Laptop.start();
  for (const secretId of [...FLEET, 'lab/proxied']) await laptop.createLogin(secretId);
}, 120_000);
afterAll(() => laptop?.close());

async function currentOf(secretIds: string[]): Promise<(string | undefined)[]> {
  return Promise.all(secretIds.map(async (secretId) => (await laptop.labels(secretId)).AWSCURRENT));
}

describe.each([
  ['alternating users', 'lab/alternating'],
  ['single user', 'lab/single'],
])('a check that fails after promotion, %s', (_, secretId) => {
  let before: { username: string; password: string };
  let currentBefore: string | undefined;
  let versionId: string;

  beforeAll(async () => {
    before = await laptop.value(secretId);
    currentBefore = (await laptop.labels(secretId)).AWSCURRENT;
  });

  test('fails the execution with a cause that a person understands', async () => {
    await laptop.gate(secretId, `open-for:${currentBefore}`);
    const rotation = await laptop.executions.rotate(secretId);
    expect(rotation).toMatchObject({ status: 'FAILED', error: 'RotationRolledBack' });
    expect(rotation.cause).toMatch(
      new RegExp(
        `^${secretId}: version keyturn-[0-9a-f]+ failed its checks and was rolled back to ${currentBefore}\\. ` +
          'gate: The gate is closed for this version\\. After the roll-back all checks pass\\.$',
      ),
    );
    versionId = /version (keyturn-[0-9a-f]+)/.exec(rotation.cause ?? '')?.[1] as string;
  });

  test('puts AWSCURRENT back, labels the failed version, and leaves AWSPENDING nowhere', async () => {
    const labels = await laptop.labels(secretId);
    expect(labels).toMatchObject({ AWSCURRENT: currentBefore, KEYTURN_FAILED: versionId });
    expect(labels).not.toHaveProperty('AWSPENDING');
    expect(labels).not.toHaveProperty('KEYTURN_IN_FLIGHT');
  });

  test('leaves the login of before working', async () => {
    expect(await laptop.value(secretId)).toEqual(before);
    expect(await laptop.query(before, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('rings the alarms, whose notice names them', async () => {
    const notices = await eventually('a notice of a failed check', () => {
      const outbox = laptop.cloud.service<SnsService>('sns').outbox();
      const texts = outbox.map((message) => JSON.stringify(message));
      return texts.some((text) => text.includes('keyturn-CheckFailed')) ? texts : undefined;
    });
    expect(notices.some((text) => text.includes('keyturn-RotationRolledBack'))).toBe(true);
  });

  test('does not stand in the way of a later rotation', async () => {
    await laptop.gate(secretId, 'open');
    const rotation = await laptop.executions.rotate(secretId);
    expect(rotation).toMatchObject({ status: 'SUCCEEDED' });
    const value = await laptop.value(secretId);
    expect(value.password).not.toBe(before.password);
    expect(await laptop.query(value, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('a fleet', () => {
  beforeEach(async () => {
    for (const secretId of [...FLEET, 'lab/proxied', 'lab/superuser']) await laptop.rest(secretId);
  });

  test('a group is rotated, and nobody else', async () => {
    const before = await currentOf(['lab/proxied', 'lab/superuser']);
    const members = await currentOf(FLEET);
    const fleet = await laptop.executions.run('rotate-fleet', { group: 'lab' });
    expect(fleet).toMatchObject({ status: 'SUCCEEDED' });
    expect(JSON.parse(fleet.output ?? '')).toMatchObject({ selected: 2, succeeded: 2 });
    expect(await currentOf(['lab/proxied', 'lab/superuser'])).toEqual(before);
    for (const [index, current] of (await currentOf(FLEET)).entries()) expect(current).not.toBe(members[index]);
  });

  test('a canary that fails leaves everybody else alone', async () => {
    const others = await currentOf(['lab/single']);
    const { AWSCURRENT } = await laptop.labels('lab/alternating');
    await laptop.gate('lab/alternating', `open-for:${AWSCURRENT}`);
    const fleet = await laptop.executions.run('rotate-fleet', { group: 'lab', canaries: ['lab/alternating'] });
    await laptop.gate('lab/alternating', 'open');
    expect(fleet).toMatchObject({ status: 'FAILED' });
    expect(fleet.cause).toMatch(/^The fleet stopped: .*0 of 2 secrets were rotated/);
    expect(await currentOf(['lab/single'])).toEqual(others);
    expect((await laptop.labels('lab/alternating')).AWSCURRENT).toBe(AWSCURRENT);
  });

  test('a tag chooses; a share of failures is borne', async () => {
    for (const secretId of ['lab/proxied', 'lab/single']) {
      await laptop.secrets.send(new TagResourceCommand({ SecretId: secretId, Tags: [{ Key: 'team', Value: 'shop' }] }));
    }
    await laptop.gate('lab/single', `open-for:${(await laptop.labels('lab/single')).AWSCURRENT}`);
    const fleet = await laptop.executions.run('rotate-fleet', {
      tag: { key: 'team', value: 'shop' },
      toleratedFailurePercentage: 50,
    });
    await laptop.gate('lab/single', 'open');
    expect(fleet).toMatchObject({ status: 'SUCCEEDED' });
    expect(JSON.parse(fleet.output ?? '')).toMatchObject({ selected: 2, succeeded: 1 });
  });

  test('an emergency revokes at once', async () => {
    const before = await laptop.value('lab/alternating');
    const fleet = await laptop.executions.run('rotate-fleet', { secretIds: ['lab/alternating'], emergency: true });
    expect(fleet).toMatchObject({ status: 'SUCCEEDED' });
    const { AWSCURRENT = '' } = await laptop.labels('lab/alternating');
    expect(AWSCURRENT).toMatch(/^keyturn-emergency-/);
    await laptop.executions.ofVersion('retire-credential', `"versionId":"${AWSCURRENT}"`);
    await expect(laptop.query(before, 'SELECT 1')).rejects.toMatchObject({ code: '28000' });
  });

  test.each([
    ['a choice that fits nothing', { group: 'nobody' }, 'FleetEmpty', /keyturn status/],
    ['an unknown key', { groups: 'lab' }, 'InputInvalid', /groups/],
  ])('%s is refused', async (_, input, error, cause) => {
    const fleet = await laptop.executions.run('rotate-fleet', input);
    expect(fleet).toMatchObject({ status: 'FAILED', error });
    expect(fleet.cause).toMatch(cause);
  });
});
