import { UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { TargetRefused } from '../../../pipeline/rotators/errors.ts';
import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { B, C, FAILED, FLIGHT, idOf, type LabelledSecret, type Labels, labelSecret, P } from './staged-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const rollBack = (secret: LabelledSecret) => secret.ask('RollBack', { version: 'keyturn-v2', previous: 'v1' });
/** A person moves AWSCURRENT from one version to another, past the rotation function. */
const moveBack = (secret: LabelledSecret, from = 'keyturn-v2', to = 'v1') =>
  laptop.secrets.send(
    new UpdateSecretVersionStageCommand({
      SecretId: secret.arn,
      VersionStage: C,
      RemoveFromVersionId: idOf(from),
      MoveToVersionId: idOf(to),
    }),
  );
const promoted: Labels = { v1: [B], 'keyturn-v2': [C, FLIGHT] };
const superseded = { rolledBack: false, reason: 'superseded' };
const put = { rolledBack: true, restoredVersionId: expect.stringMatching(/^v1\.+$/) };

/** The target accepts the previous credential, where nobody has overtaken: as a rotator does. */
const restore = async (rotation: { assertNotOvertaken(): Promise<void> }) => rotation.assertNotOvertaken();

describe('RollBack', () => {
  test('marks the version that failed, restores the target, moves AWSCURRENT back and closes the rotation, in this order', async () => {
    const order: string[] = [];
    const secret = await labelSecret(laptop, promoted, { script: { restore: async () => void order.push('restore') } });
    secret.world.before = ({ name, input }) => {
      if (name === 'UpdateSecretVersionStage') order.push(String(input.VersionStage));
    };
    expect(await rollBack(secret)).toEqual(put);
    expect(order).toEqual([FAILED, 'restore', C, FLIGHT]);
    expect(secret.asked).toEqual(['restore: failed keyturn-v2, previous v1']);
    expect(secret.writes()).toEqual([
      'KEYTURN_FAILED → keyturn-v2',
      'AWSCURRENT keyturn-v2 → v1',
      'KEYTURN_IN_FLIGHT keyturn-v2 →',
    ]);
    expect(await secret.stages()).toEqual({ v1: [C], 'keyturn-v2': [B, FAILED] });
  });

  test('detaches AWSPENDING too, where Secrets Manager has left it', async () => {
    const secret = await labelSecret(laptop, { v1: [B], 'keyturn-v2': [C, P, FLIGHT] });
    expect(await rollBack(secret)).toEqual(put);
    expect(await secret.stages()).toEqual({ v1: [C], 'keyturn-v2': [B, FAILED] });
  });

  test('takes the mark from a version that failed before', async () => {
    const secret = await labelSecret(laptop, { v0: [FAILED], ...promoted });
    expect(await rollBack(secret)).toEqual(put);
    expect(secret.writes()[0]).toBe('KEYTURN_FAILED v0 → keyturn-v2');
  });

  test('goes on where it was cut off after its mark', async () => {
    const secret = await labelSecret(laptop, { v1: [B], 'keyturn-v2': [C, FAILED, FLIGHT] });
    expect(await rollBack(secret)).toEqual(put);
    expect(secret.writes()).toEqual(['AWSCURRENT keyturn-v2 → v1', 'KEYTURN_IN_FLIGHT keyturn-v2 →']);
    expect(secret.asked).toEqual(['restore: failed keyturn-v2, previous v1']);
  });

  test('closes the rotation where it was cut off after moving AWSCURRENT; the move may be a person’s, so the target is restored', async () => {
    const secret = await labelSecret(laptop, { v1: [C], 'keyturn-v2': [B, FAILED, FLIGHT] });
    expect(await rollBack(secret)).toEqual(put);
    expect(secret.writes()).toEqual(['KEYTURN_IN_FLIGHT keyturn-v2 →']);
    expect(secret.asked).toEqual(['restore: failed keyturn-v2, previous v1']);
  });

  test('leaves the target alone where the rotation is closed', async () => {
    const secret = await labelSecret(laptop, { v1: [C], 'keyturn-v2': [B, FAILED] });
    expect(await rollBack(secret)).toEqual(put);
    expect([secret.asked, secret.writes()]).toEqual([[], []]);
  });

  test.each([
    {
      put: 'by a rotation',
      stages: [C, FLIGHT],
      writes: ['KEYTURN_FAILED → keyturn-v2', 'KEYTURN_IN_FLIGHT keyturn-v2 →'],
    },
    { put: 'by hand', stages: [C], writes: ['KEYTURN_FAILED → keyturn-v2'] },
  ])('a person has moved AWSCURRENT back from a value put $put: restores the target, marks what failed, and says so', async (moved) => {
    const secret = await labelSecret(laptop, { v1: [B], 'keyturn-v2': moved.stages });
    await moveBack(secret);
    expect(await rollBack(secret)).toEqual({ ...put, wasMoved: true });
    expect(secret.asked).toEqual(['restore: failed keyturn-v2, previous v1']);
    expect(secret.writes()).toEqual(moved.writes);
    expect(await secret.stages()).toEqual({ v1: [C], 'keyturn-v2': [B, FAILED] });
    expect(await rollBack(secret)).toEqual(put);
  });

  test('a person moves AWSCURRENT back while the roll-back is under way: the target is restored all the same', async () => {
    const secret = await labelSecret(laptop, promoted);
    let isFirst = true;
    secret.world.before = async ({ name, input }) => {
      if (name !== 'UpdateSecretVersionStage' || input.VersionStage !== FAILED || !isFirst) return;
      isFirst = false;
      await moveBack(secret);
    };
    expect(await rollBack(secret)).toEqual(put);
    expect(secret.asked).toEqual(['restore: failed keyturn-v2, previous v1']);
    expect(await secret.stages()).toEqual({ v1: [C], 'keyturn-v2': [B, FAILED] });
  });

  test('leaves a secret alone whose current version is the later one: it was put over the other, not moved back', async () => {
    const secret = await labelSecret(laptop, { v1: [C], 'keyturn-v2': [B, FLIGHT] });
    await expect(rollBack(secret)).rejects.toMatchObject({ code: 'VersionsUnrelated' });
    expect([secret.asked, secret.writes()]).toEqual([[], []]);
  });

  test('gives way to a rotation that is under way over a version that a person moved AWSCURRENT back to', async () => {
    const versions = { v1: [B], 'keyturn-v2': [C], 'keyturn-v3': [P, FLIGHT] };
    const secret = await labelSecret(laptop, versions, { script: { restore } });
    await moveBack(secret);
    expect(await rollBack(secret)).toEqual(superseded);
    expect(secret.writes()).toEqual([]);
  });

  test('that only has to be closed needs neither value', async () => {
    const labels = { v1: [C], 'keyturn-v2': [B, FAILED, P] };
    const secret = await labelSecret(laptop, labels, { invalid: ['v1', 'keyturn-v2'] });
    expect(await rollBack(secret)).toEqual(put);
    expect(secret.writes()).toEqual(['AWSPENDING keyturn-v2 →']);
  });

  test('that comes late finds the first one done, and keeps its mark', async () => {
    let isFirst = true;
    const secret = await labelSecret(laptop, promoted, {
      script: {
        restore: async (rotation) => {
          if (!isFirst) return;
          isFirst = false;
          expect(await rollBack(secret)).toEqual(put);
          await rotation.assertNotOvertaken();
        },
      },
    });
    expect(await rollBack(secret)).toEqual(put);
    expect(await secret.stages()).toEqual({ v1: [C], 'keyturn-v2': [B, FAILED] });
  });

  test('does nothing where another value was put over both', async () => {
    const secret = await labelSecret(laptop, { v1: ['KEPT'], v3: [C], 'keyturn-v2': [B, FLIGHT] });
    expect(await rollBack(secret)).toEqual(superseded);
    expect([secret.asked, secret.writes()]).toEqual([[], []]);
  });

  test('does not overwrite a value that is put while the target is restored', async () => {
    const secret = await labelSecret(laptop, promoted, {
      script: { restore: async () => void (await secret.put('v3')) },
    });
    await expect(rollBack(secret)).rejects.toMatchObject({ name: 'InvalidParameterException' });
    expect(await secret.stages()).toMatchObject({ v3: [C] });
  });
});

describe('RollBack is impossible, and changes nothing,', () => {
  test('where the previous version carries no label any more', async () => {
    const secret = await labelSecret(laptop, { 'keyturn-v2': [C, FLIGHT] });
    await expect(rollBack(secret)).rejects.toMatchObject({
      code: 'RollBackImpossible',
      message: expect.stringMatching(new RegExp(`${secret.name}: version v1\\.+, .*carries no label any more`)),
    });
    await expect(rollBack(secret)).rejects.toThrow(/PutSecretValue/);
    expect([secret.asked, secret.writes()]).toEqual([[], []]);
  });

  test('where the previous version failed its checks itself', async () => {
    const secret = await labelSecret(laptop, { v1: [B, FAILED], 'keyturn-v2': [C, FLIGHT] });
    await expect(rollBack(secret)).rejects.toMatchObject({
      code: 'RollBackImpossible',
      message: expect.stringMatching(new RegExp(`${secret.name}: version v1\\.+ failed its checks itself`)),
    });
    expect([secret.asked, secret.writes()]).toEqual([[], []]);
  });

  test.each(['v1', 'keyturn-v2'])('where %s is no payload', async (version) => {
    const secret = await labelSecret(laptop, promoted, { invalid: [version] });
    await expect(rollBack(secret)).rejects.toMatchObject({ code: 'PayloadInvalid' });
    expect([secret.asked, secret.writes()]).toEqual([[], []]);
  });
});

describe('RollBack gives way', () => {
  const given = async (secret: LabelledSecret) => {
    expect(await rollBack(secret)).toEqual(superseded);
    expect(secret.writes()).toEqual(['KEYTURN_FAILED → keyturn-v2', 'KEYTURN_FAILED keyturn-v2 →']);
  };

  test('to an emergency that looked before its mark was set: the target is not asked', async () => {
    const secret = await labelSecret(laptop, { ...promoted, 'keyturn-emergency-v3': [P, 'ELSEWHERE'] });
    await given(secret);
    expect(secret.asked).toEqual([]);
  });

  test('to an emergency that begins before the target is restored', async () => {
    const secret = await labelSecret(laptop, promoted, {
      script: {
        restore: async (rotation) => {
          await secret.put('keyturn-emergency-v3', [P]);
          await rotation.assertNotOvertaken();
        },
      },
    });
    await given(secret);
    expect(await secret.stages()).toMatchObject({ 'keyturn-v2': [C, FLIGHT] });
  });

  test('to an emergency whose target refuses what is restored', async () => {
    const secret = await labelSecret(laptop, promoted, {
      script: {
        restore: async () => {
          await secret.put('keyturn-emergency-v3', [P]);
          throw new TargetRefused('the key is gone');
        },
      },
    });
    await given(secret);
  });

  test('not to an ordinary rotation, which the open one holds up', async () => {
    const secret = await labelSecret(laptop, { ...promoted, 'keyturn-v3': [P] }, { script: { restore } });
    expect(await rollBack(secret)).toEqual(put);
  });

  test('to any rotation over a value that was put by hand: none is in flight', async () => {
    const secret = await labelSecret(
      laptop,
      { v1: [B], 'keyturn-v2': [C], 'keyturn-v3': [P] },
      { script: { restore } },
    );
    await given(secret);
    expect(secret.asked).toEqual([]);
  });

  test('not where the target refuses and nothing has overtaken: the caller hears of it, and the mark stays', async () => {
    const refused = new TargetRefused('the key is gone');
    const secret = await labelSecret(laptop, promoted, { script: { restore: () => Promise.reject(refused) } });
    await expect(rollBack(secret)).rejects.toBe(refused);
    expect(await secret.stages()).toMatchObject({ v1: [B], 'keyturn-v2': [C, FAILED, FLIGHT] });
  });
});
