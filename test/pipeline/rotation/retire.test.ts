import { TargetRefused } from '../../../pipeline/rotators/errors.ts';
import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { B, C, FAILED, FLIGHT, type LabelledSecret, type Labels, labelSecret, P } from './staged-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const promotedAt = '2026-02-28T23:00:00.000Z';
const retire = (secret: LabelledSecret) => secret.ask('Retire', { version: 'keyturn-v2', previous: 'v1', promotedAt });
const inGrace: Labels = { v1: [B], 'keyturn-v2': [C, FLIGHT] };
const superseded = { retired: false, reason: 'superseded' };

/** A rotator that looks right before it writes, after another process has written. */
const havingMet = (write: () => Promise<unknown>, answer: () => Promise<boolean> = async () => true) => ({
  retire: async (rotation: { assertNotOvertaken(): Promise<void> }) => {
    await write();
    await rotation.assertNotOvertaken();
    return answer();
  },
});

describe('Retire', () => {
  test('has the target refuse the previous credential, sweeps up, and closes the rotation, in this order', async () => {
    const order: string[] = [];
    const secret = await labelSecret(laptop, inGrace, {
      script: {
        sweep: async () => void order.push('sweep'),
        retire: async (rotation) => {
          await rotation.assertNotOvertaken();
          return order.push('retire') > 0;
        },
      },
    });
    secret.world.before = ({ name, input }) => {
      if (name === 'UpdateSecretVersionStage') order.push(String(input.VersionStage));
    };
    expect(await retire(secret)).toEqual({ retired: true });
    expect(order).toEqual(['retire', 'sweep', FLIGHT]);
    expect(secret.asked).toEqual(['retire: current keyturn-v2, previous v1', 'sweep: current keyturn-v2']);
    expect(secret.writes()).toEqual(['KEYTURN_IN_FLIGHT keyturn-v2 →']);
    expect(await secret.stages()).toEqual({ v1: [B], 'keyturn-v2': [C] });
  });

  test('says to the target when AWSCURRENT was promoted, and by which settings', async () => {
    const seen: unknown[] = [];
    const secret = await labelSecret(laptop, inGrace, {
      script: {
        retire: async (rotation, versions) =>
          seen.push(rotation.settings, rotation.secretName, versions.promotedAt) > 0,
      },
    });
    await retire(secret);
    expect(seen).toEqual([{ of: 'the rotator' }, secret.name, new Date(promotedAt)]);
  });

  test('of a rotation that is closed, once more, writes no label', async () => {
    const secret = await labelSecret(
      laptop,
      { v1: [B], 'keyturn-v2': [C] },
      { script: havingMet(async () => undefined) },
    );
    expect(await retire(secret)).toEqual({ retired: true });
    expect(secret.writes()).toEqual([]);
  });

  test('does nothing where AWSCURRENT has moved on', async () => {
    const secret = await labelSecret(laptop, { v1: ['KEPT'], 'keyturn-v2': [B, FLIGHT], v3: [C] });
    expect(await retire(secret)).toEqual(superseded);
    expect([secret.asked, secret.writes()]).toEqual([[], []]);
  });

  test('whose target fails leaves the rotation open, for the next call', async () => {
    const secret = await labelSecret(laptop, inGrace, { script: { retire: () => Promise.reject(new Error('away')) } });
    await expect(retire(secret)).rejects.toThrow('away');
    expect(await secret.stages()).toEqual(inGrace);
  });

  test('whose sweep fails leaves the rotation open, for the next call', async () => {
    const secret = await labelSecret(laptop, inGrace, { script: { sweep: () => Promise.reject(new Error('away')) } });
    await expect(retire(secret)).rejects.toThrow('away');
    expect(await secret.stages()).toEqual(inGrace);
  });
});

describe('Retire gives way, and takes no label,', () => {
  const given = async (labels: Labels, write: (secret: LabelledSecret) => Promise<unknown>) => {
    const secret: LabelledSecret = await labelSecret(laptop, labels, { script: havingMet(() => write(secret)) });
    expect(await retire(secret)).toEqual(superseded);
    expect(secret.writes()).toEqual([]);
  };

  test('to an emergency, which revokes more', async () => {
    await given(inGrace, ({ put }) => put('keyturn-emergency-v3', [P]));
  });

  test('to a roll-back, which goes back to what would be retired', async () => {
    await given(inGrace, ({ move }) => move(FAILED, { to: 'keyturn-v2' }));
  });

  test('to a retirement that has closed the rotation', async () => {
    await given(inGrace, ({ move }) => move(FLIGHT, { from: 'keyturn-v2' }));
  });

  test('to a value that was put by hand', async () => {
    await given(inGrace, ({ put }) => put('v3'));
  });

  test('to any rotation, where its own was closed before', async () => {
    await given({ v1: [B], 'keyturn-v2': [C] }, ({ put }) => put('keyturn-v3', [P]));
  });

  test('not to an ordinary rotation, which its own holds up', async () => {
    const secret: LabelledSecret = await labelSecret(laptop, inGrace, {
      script: havingMet(() => secret.put('keyturn-v3', [P])),
    });
    expect(await retire(secret)).toEqual({ retired: true });
  });
});

describe('AWSCURRENT moved after the last look of the retirement', () => {
  /** A roll-back moves AWSCURRENT back, or another process writes, when the rotator has looked for the last time. */
  const movedBack = async (
    { answer = true, meanwhile }: { answer?: boolean; meanwhile?: (secret: LabelledSecret) => Promise<unknown> } = {},
    restore: () => Promise<void> = async () => undefined,
  ) => {
    const rollBack = async ({ move }: LabelledSecret) => {
      await move(FAILED, { to: 'keyturn-v2' });
      await move(C, { from: 'keyturn-v2', to: 'v1' });
    };
    const secret: LabelledSecret = await labelSecret(laptop, inGrace, {
      script: {
        restore,
        retire: async (rotation) => {
          await rotation.assertNotOvertaken();
          await (meanwhile ?? rollBack)(secret);
          return answer;
        },
      },
    });
    return secret;
  };

  test('back: the target accepts the previous credential again, and it stays', async () => {
    const secret = await movedBack();
    expect(await retire(secret)).toEqual(superseded);
    expect(secret.asked.at(-1)).toBe('restore: failed keyturn-v2, previous v1');
    expect(secret.writes()).toEqual([]);
  });

  test('back, and the credential is gone for good: AWSCURRENT goes on to the version that works, without its mark', async () => {
    const secret = await movedBack({}, () => Promise.reject(new TargetRefused('the key is gone')));
    expect(await retire(secret)).toEqual(superseded);
    expect(secret.writes()).toEqual(['AWSCURRENT v1 → keyturn-v2', 'KEYTURN_FAILED keyturn-v2 →']);
    expect(await secret.stages()).toEqual({ v1: [B], 'keyturn-v2': [C, FLIGHT] });
  });

  test('back, and the target is away: the caller hears of it, and tries again', async () => {
    const secret = await movedBack({}, () => Promise.reject(new Error('away')));
    await expect(retire(secret)).rejects.toThrow('away');
    expect(secret.writes()).toEqual([]);
  });

  test('back, and the target had nothing to retire: nothing is to be accepted again', async () => {
    const secret = await movedBack({ answer: false });
    expect(await retire(secret)).toEqual(superseded);
    expect(secret.asked).toEqual(['retire: current keyturn-v2, previous v1']);
  });

  test('on to another value: nothing is put back', async () => {
    const secret = await movedBack({ meanwhile: ({ put }) => put('v3') });
    expect(await retire(secret)).toEqual(superseded);
    expect(secret.asked).toEqual(['retire: current keyturn-v2, previous v1']);
    expect(secret.writes()).toEqual([]);
  });
});
