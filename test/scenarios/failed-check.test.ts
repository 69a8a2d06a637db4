import type { SnsService } from '../../local/services/sns/service.ts';
import { eventually } from '../eventually.ts';
import { Laptop } from './lab/laptop.ts';

let laptop: Laptop;

beforeAll(async () => {
  laptop = await Laptop.start();
}, 120_000);
afterAll(() => laptop?.close());

describe.each([
  ['alternating users', 'lab/alternating'],
  ['single user', 'lab/single'],
])('a check that fails after promotion, %s', (_, secretId) => {
  let before: { username: string; password: string };
  let currentBefore: string | undefined;
  let versionId: string;

  beforeAll(async () => {
    before = await laptop.createLogin(secretId);
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
