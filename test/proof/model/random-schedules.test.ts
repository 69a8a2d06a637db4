import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import fc from 'fast-check';
import { bedrockSubject, openBedrockLaptop, vendorSubject } from '../../pipeline/rotators/api-key/subjects.ts';
import type { Laptop } from '../../pipeline/rotators/native-rotation.ts';
import { type Action, action, GRACE_SECONDS } from './actions.ts';
import { findingsByCode, Life } from './schedule.ts';

const isLong = process.env.KEYTURN_PROOF === 'long';
const SECONDS = Number(process.env.KEYTURN_PROOF_SECONDS ?? (isLong ? 600 : 15));
const seed = Number(process.env.KEYTURN_SEED ?? Date.now() % 2 ** 31);

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openBedrockLaptop();
});
afterAll(() => laptop?.close());

/** A vendor's key whose secret people write themselves too, and an AWS key, which allows two. */
async function twoLives(): Promise<{ lives: Life[]; close(): Promise<void> }> {
  const options = { secret: { gracePeriodSeconds: GRACE_SECONDS } };
  const vendor = await vendorSubject(laptop, options);
  const bedrock = await bedrockSubject(laptop, options);
  const putOwn = async () => {
    const made = vendor.vendor.make('made by hand');
    return vendor.secret.put(JSON.stringify({ api_key: made.key, api_key_id: made.id, region: 'eu' }));
  };
  // Of an AWS key a person changes what stands beside it.
  const putAgain = async () => {
    const SecretString = JSON.stringify({
      ...JSON.parse(bedrock.secret.value()),
      note: String(laptop.clock.now().getTime()),
    });
    const { VersionId } = await laptop.secrets.send(
      new PutSecretValueCommand({ SecretId: bedrock.secret.arn, SecretString }),
    );
    return VersionId as string;
  };
  const close = async () => {
    await vendor.close();
    await bedrock.close();
  };
  return { lives: [new Life(laptop, vendor, putOwn), new Life(laptop, bedrock, putAgain)], close };
}

async function live(actions: readonly Action[]): Promise<void> {
  const { lives, close } = await twoLives();
  try {
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
    await close();
  }
}

test.each([
  ['the event of a value put by hand', 'ValueUnpropagated', { kind: 'put by hand', secret: 0, event: 'lost' }],
  ['the execution that retires', 'RetirementLost', { kind: 'execution is lost', secret: 0 }],
] as const)('%s is lost: the audit finds it, and its repair leaves nothing', async (_what, code, lost) => {
  findingsByCode.clear();
  const rotate: Action = {
    ...{ kind: 'rotate', secret: 0, native: false, attempts: 5, emergency: false, kill: null, twice: false },
    event: 'once',
  };
  const look: Action = { kind: 'audit', secret: 0, kill: null };
  await live([rotate, { kind: 'time', seconds: 3_600 }, { kind: 'retire', secret: 0, kill: null, twice: false }, look]);
  expect(findingsByCode.get(code)).toBeUndefined();
  await live([rotate, lost, look, { kind: 'time', seconds: 3_600 }, look]);
  expect(findingsByCode.get(code)).toBe(1);
});

test(
  `random schedules keep the promises (seed ${seed})`,
  async () => {
    let schedules = 0;
    findingsByCode.clear();
    let actionsDone = 0;
    let hasFailed = false;
    const deadline = Date.now() + SECONDS * 1000;
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 14 }), async (actions) => {
        // Time is up, unless there is a failure to shrink.
        if (Date.now() > deadline && !hasFailed) return;
        schedules += 1;
        actionsDone += actions.length;
        await live(actions).catch((error) => {
          hasFailed = true;
          throw error;
        });
      }),
      {
        seed,
        numRuns: isLong ? 100_000 : 2_000,
        ...(process.env.KEYTURN_PATH && { path: process.env.KEYTURN_PATH }),
      },
    );
    const found = [...findingsByCode].map(([code, count]) => `${code} ${count}`).sort();
    console.info(`${schedules} schedules of ${actionsDone} actions, seed ${seed}; audits found: ${found.join(', ')}`);
    expect(schedules).toBeGreaterThan(3);
  },
  (SECONDS + 120) * 1000,
);
