import fc from 'fast-check';
import { byExtent } from '../../extent.ts';
import { type Action, action } from './actions.ts';
import { findingsByCode, Life, promotionsByKind } from './schedule.ts';
import { openSubjects, openWorld, pairs, type SubjectName, type World } from './subjects.ts';

const SECONDS = Number(process.env.KEYTURN_PROOF_SECONDS ?? byExtent({ short: 10, wide: 15, long: 600 }));
const seed = Number(process.env.KEYTURN_SEED ?? Date.now() % 2 ** 31);

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 120_000);
afterAll(() => world?.close());

async function live(names: readonly SubjectName[], actions: readonly Action[]): Promise<void> {
  const subjects = await openSubjects(world, names);
  try {
    const lives = subjects.map((subject) => new Life(world.laptop, subject));
    for (const [index, one] of actions.entries()) {
      const life = lives['secret' in one ? one.secret : 0] as Life;
      await life.carryOut(one);
      for (const each of lives) await each.quiet();
      for (const each of lives) {
        const broken = await each.broken();
        if (broken.length > 0) throw new Error(`After action ${index + 1}, ${one.kind}: ${broken.join('; ')}`);
      }
    }
  } finally {
    for (const subject of subjects) await subject.close();
  }
}

describe.each([
  [0, 'a key of a vendor'],
  [1, 'a login'],
] as const)('secret %i, %s', (secret, _name) => {
  test.each([
    ['the event of a value put by hand', 'ValueUnpropagated', { kind: 'put by hand', secret, event: 'lost' }],
    ['the execution that retires', 'RetirementLost', { kind: 'execution is lost', secret }],
  ] as const)('%s is lost: the audit finds it, and its repair leaves nothing', async (_what, code, lost) => {
    findingsByCode.clear();
    const rotate: Action = {
      ...{ kind: 'rotate', secret, native: false, attempts: 5, emergency: false, kill: null, twice: false },
      event: 'once',
    };
    const look: Action = { kind: 'audit', secret, kill: null };
    const hour: Action = { kind: 'time', seconds: 3_600 };
    await live(pairs[1], [rotate, hour, { kind: 'retire', secret, kill: null, twice: false }, look]);
    expect(findingsByCode.get(code)).toBeUndefined();
    await live(pairs[1], [rotate, lost, look, hour, look]);
    expect(findingsByCode.get(code)).toBe(1);
  });
});

test(
  `random schedules keep the promises (seed ${seed})`,
  async () => {
    let schedules = 0;
    findingsByCode.clear();
    promotionsByKind.clear();
    let actionsDone = 0;
    let hasFailed = false;
    const deadline = Date.now() + SECONDS * 1000;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...pairs),
        fc.array(action, { minLength: 3, maxLength: 14 }),
        async (names, actions) => {
          // Time is up, unless there is a failure to shrink.
          if (Date.now() > deadline && !hasFailed) return;
          schedules += 1;
          actionsDone += actions.length;
          await live(names, actions).catch((error) => {
            hasFailed = true;
            throw error;
          });
        },
      ),
      {
        seed,
        numRuns: byExtent({ short: 2_000, wide: 2_000, long: 100_000 }),
        ...(process.env.KEYTURN_PATH && { path: process.env.KEYTURN_PATH }),
      },
    );
    const found = [...findingsByCode].map(([code, count]) => `${code} ${count}`).sort();
    const promotions = [...promotionsByKind].map(([kind, count]) => `${kind} ${count}`).sort();
    console.info(
      `${schedules} schedules of ${actionsDone} actions, seed ${seed}; promotions: ${promotions.join(', ')}; audits found: ${found.join(', ')}`,
    );
    expect(schedules).toBeGreaterThan(3);
  },
  (SECONDS + 120) * 1000,
);
