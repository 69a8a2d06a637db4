import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { B, C, FLIGHT, idOf, type LabelledSecret, type Labels, labelSecret, P } from './staged-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const inGrace: Labels = { v1: [B], 'keyturn-v2': [C, FLIGHT] };
const both = { version: 'keyturn-v2', previous: 'v1' };

const works = { works: true } as const;

describe('Verify', () => {
  const found = { verify: async () => ({ credentials: [] }) as never };

  test('answers what the rotator found, of AWSCURRENT and of the previous version', async () => {
    const secret = await labelSecret(laptop, inGrace, { script: found });
    expect(await secret.ask('Verify', both)).toEqual({ supported: true, credentials: [] });
    expect(await secret.ask('Verify', { version: 'keyturn-v2' })).toEqual({ supported: true, credentials: [] });
    expect(secret.asked).toEqual(['verify: current keyturn-v2, previous v1', 'verify: current keyturn-v2']);
    expect(secret.writes()).toEqual([]);
  });

  test('of a previous version whose value is no payload says so, and looks at AWSCURRENT all the same', async () => {
    const script = { verify: async () => ({ current: works, findings: [], repairable: [] }) };
    const secret = await labelSecret(laptop, inGrace, { script, invalid: ['v1'] });
    expect(await secret.ask('Verify', both)).toEqual({
      supported: true,
      current: { works: true },
      previous: { works: false, reason: `${secret.arn}: no payload`, isUnreadable: true },
      findings: [],
      repairable: [],
    });
    expect(secret.asked).toEqual(['verify: current keyturn-v2']);
  });

  test('is not supported by a rotator that cannot ask its target, and writes nothing', async () => {
    const secret = await labelSecret(laptop, inGrace);
    expect(await secret.ask('Verify', both)).toEqual({ supported: false });
    expect([secret.asked, secret.writes()]).toEqual([[], []]);
  });

  test('is refused where AWSCURRENT has moved on, with the version that it is on', async () => {
    const secret = await labelSecret(laptop, { v3: [C], 'keyturn-v2': [B] }, { script: found });
    await expect(secret.ask('Verify', { version: 'keyturn-v2' })).rejects.toMatchObject({
      code: 'StepRefused',
      message: `${secret.name}: AWSCURRENT is on version ${idOf('v3')}, not on ${idOf('keyturn-v2')}. Look again.`,
    });
    expect(secret.asked).toEqual([]);
  });

  test('gives the rotator its settings, and a guard that asks whether its version is AWSCURRENT', async () => {
    const seen: unknown[] = [];
    const secret: LabelledSecret = await labelSecret(laptop, inGrace, {
      script: {
        verify: async (rotation) => {
          seen.push(rotation.settings, rotation.secretName, rotation.secretArn, rotation.token);
          await rotation.assertNotOvertaken();
          seen.push('it is current');
          await secret.put('v3');
          await rotation.assertNotOvertaken();
          return {} as never;
        },
      },
    });
    await expect(secret.ask('Verify', both)).rejects.toMatchObject({ code: 'RotationAbandoned' });
    expect(seen).toEqual([{ of: 'the rotator' }, secret.name, secret.arn, idOf('keyturn-v2'), 'it is current']);
  });

  describe('of a previous credential that waits for its retirement', () => {
    const promotedAt = '2026-05-01T00:00:00.000Z';
    const seen: unknown[] = [];
    const users = {
      gatherEvidence: async (_rotation: unknown, versions: { promotedAt: Date }) => {
        seen.push(versions.promotedAt.toISOString());
        return { blockers: [{ name: 'billing', count: 2 }], observed: 'two sessions' } as never;
      },
    };

    test('names who uses it', async () => {
      const secret = await labelSecret(laptop, inGrace, { script: { ...found, ...users } });
      const { blockers, ...answer } = await secret.ask('Verify', { ...both, promotedAt });
      expect(answer).toEqual({ supported: true, credentials: [] });
      expect(blockers).toEqual([expect.stringContaining('billing')]);
      expect(seen).toEqual([promotedAt]);
    });

    test('names who uses it where the rotator cannot verify', async () => {
      const secret = await labelSecret(laptop, inGrace, { script: users });
      expect(await secret.ask('Verify', { ...both, promotedAt })).toEqual({
        supported: false,
        blockers: [expect.stringContaining('billing')],
      });
    });

    test.each([
      ['since when it is promoted is not known', both],
      ['no previous version comes along', { version: 'keyturn-v2', promotedAt }],
    ])('asks no target where %s', async (_case, versions) => {
      const secret = await labelSecret(laptop, inGrace, { script: { ...found, ...users } });
      expect(await secret.ask('Verify', versions)).toEqual({ supported: true, credentials: [] });
      expect(secret.asked.filter((asked) => asked.startsWith('gatherEvidence'))).toEqual([]);
    });
  });

  test('that is none is refused, by its name', async () => {
    const secret = await labelSecret(laptop, inGrace, { script: found });
    await expect(secret.invoke({ operation: 'Verify' })).rejects.toThrow(/The verification request/);
  });
});

describe('Repair', () => {
  const code = 'CurrentRefused';

  test('has the rotator repair what was found under the code, and touches no label', async () => {
    const codes: string[] = [];
    const secret = await labelSecret(laptop, inGrace, {
      script: {
        repair: async (rotation, _versions, found) => {
          await rotation.assertNotOvertaken();
          codes.push(found);
        },
      },
    });
    expect(await secret.ask('Repair', { ...both, code })).toEqual({ repaired: true });
    expect(secret.asked).toEqual(['repair: current keyturn-v2, previous v1']);
    expect(codes).toEqual([code]);
    expect(secret.writes()).toEqual([]);
  });

  test('is refused where the kind has no target to repair', async () => {
    const secret = await labelSecret(laptop, inGrace);
    await expect(secret.ask('Repair', { ...both, code })).rejects.toMatchObject({
      code: 'StepRefused',
      message: expect.stringContaining('api-key'),
    });
    expect(secret.sent).toEqual([]);
  });

  test.each<[string, Labels, { version: string; previous?: string }, (secret: LabelledSecret) => Promise<unknown>]>([
    ['another value was put', inGrace, both, ({ put }) => put('v3')],
    ['a candidate lies under AWSPENDING', inGrace, both, ({ put }) => put('keyturn-v3', [P])],
    ['the previous credential was retired', inGrace, both, ({ move }) => move(FLIGHT, { from: 'keyturn-v2' })],
  ])('gives way where %s, and says that nothing is what was found', async (_case, labels, versions, write) => {
    const secret: LabelledSecret = await labelSecret(laptop, labels, {
      script: {
        repair: async (rotation) => {
          await write(secret);
          await rotation.assertNotOvertaken();
          secret.asked.push('the target was changed');
        },
      },
    });
    await expect(secret.ask('Repair', { ...versions, code })).rejects.toMatchObject({
      code: 'StepRefused',
      message: expect.stringContaining(`${secret.name} has moved on since it was looked at`),
    });
    expect(secret.asked).toEqual(['repair: current keyturn-v2, previous v1']);
  });

  test('of AWSCURRENT alone goes on after the retirement', async () => {
    const secret = await labelSecret(
      laptop,
      { v1: [B], 'keyturn-v2': [C] },
      {
        script: { repair: (rotation) => rotation.assertNotOvertaken() },
      },
    );
    expect(await secret.ask('Repair', { version: 'keyturn-v2', code })).toEqual({ repaired: true });
  });
});
