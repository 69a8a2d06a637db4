import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { B, C, FLIGHT, idOf, type LabelledSecret, type Labels, labelSecret } from './staged-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const promotedAt = '2026-02-28T23:00:00.000Z';
const now = () => new Date('2026-03-01T00:00:00Z');
const gather = (secret: LabelledSecret) =>
  secret.ask('GatherEvidence', { version: 'keyturn-v2', previous: 'v1', promotedAt });
const inGrace: Labels = { v1: [B], 'keyturn-v2': [C, FLIGHT] };

describe('GatherEvidence', () => {
  test.each<[string, object, object]>([
    ['no blocker, no date', { blockers: [] }, { verdict: 'free', blockers: [] }],
    [
      'a date that is over',
      { blockers: [], notBefore: new Date('2026-02-28T23:59:59Z') },
      { verdict: 'free', blockers: [] },
    ],
    ['a date that is now', { blockers: [], notBefore: now() }, { verdict: 'free', blockers: [] }],
    [
      'a date to come',
      { blockers: [], notBefore: new Date('2026-03-01T00:00:01Z') },
      { verdict: 'in-use', blockers: [], notBefore: '2026-03-01T00:00:01.000Z' },
    ],
    ['a blocker', { blockers: [{ name: 'billing' }] }, { verdict: 'in-use', blockers: ['billing'] }],
    [
      'a blocker with an address and a date that is over',
      { blockers: [{ name: 'billing', address: '10.0.0.1' }], notBefore: new Date('2026-02-28T00:00:00Z') },
      { verdict: 'in-use', blockers: ['billing from 10.0.0.1'] },
    ],
    [
      'a blocker since a moment',
      { blockers: [{ name: 'billing', address: '10.0.0.1', since: new Date('2026-02-28T01:02:03Z') }] },
      { verdict: 'in-use', blockers: ['billing from 10.0.0.1 since 2026-02-28T01:02:03.000Z'] },
    ],
  ])('%s', async (_case, evidence, answer) => {
    const script = { gatherEvidence: async () => ({ observed: 'sessions', ...evidence }) as never };
    const secret = await labelSecret(laptop, inGrace, { script, now });
    expect(await gather(secret)).toEqual({ observed: 'sessions', ...answer });
    expect(secret.asked).toEqual(['gatherEvidence: current keyturn-v2, previous v1']);
    expect(secret.writes()).toEqual([]);
  });

  test('asks nothing where AWSCURRENT has moved on, and says so', async () => {
    const secret = await labelSecret(laptop, { v1: ['KEPT'], 'keyturn-v2': [B, FLIGHT], v3: [C] });
    expect(await gather(secret)).toEqual({
      verdict: 'superseded',
      observed: `AWSCURRENT of ${secret.name} has moved on from ${idOf('keyturn-v2')}`,
      blockers: [],
    });
    expect(secret.asked).toEqual([]);
  });

  test.each<[string, (secret: LabelledSecret) => Promise<unknown>, boolean]>([
    ['goes on while its version is AWSCURRENT', async () => undefined, false],
    ['ends where AWSCURRENT moves meanwhile', ({ put }) => put('v3'), true],
  ])('the look inside of the target %s', async (_case, write, isOvertaken) => {
    const secret: LabelledSecret = await labelSecret(laptop, inGrace, {
      now,
      script: {
        gatherEvidence: async (rotation) => {
          await write(secret);
          await rotation.assertNotOvertaken();
          return { blockers: [], observed: 'sessions' };
        },
      },
    });
    const asked = gather(secret);
    if (isOvertaken) await expect(asked).rejects.toMatchObject({ code: 'RotationAbandoned' });
    else expect(await asked).toMatchObject({ verdict: 'free' });
  });

  test('is refused where a value is gone', async () => {
    const secret = await labelSecret(laptop, inGrace);
    const request = { version: 'keyturn-v2', previous: 'v9', promotedAt };
    await expect(secret.ask('GatherEvidence', request)).rejects.toMatchObject({
      message: expect.stringContaining('v9'),
    });
    expect(secret.asked).toEqual([]);
  });
});
