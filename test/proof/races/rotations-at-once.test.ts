import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { DescribeSecretCommand, PutSecretValueCommand, RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import fc from 'fast-check';
import { byExtent } from '../../extent.ts';
import { generatedSubject, type Subject } from '../../pipeline/rotators/api-key/subjects.ts';
import { type Laptop, openLaptop } from '../../pipeline/rotators/native-rotation.ts';
import { askAsWorkflow } from '../crash/faults.ts';

const ROUNDS = byExtent({ short: 30, wide: 60, long: 1_000 });
const seed = Number(process.env.KEYTURN_SEED ?? Date.now() % 2 ** 31);
const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop?.close());

/** What goes on at the same time: rotations, their invocations a second time, a value put by hand, the workflow giving up, pruning. */
const round = fc.record({
  rotations: fc.integer({ min: 2, max: 5 }),
  doubled: fc.integer({ min: 0, max: 2 }),
  byHand: fc.boolean(),
  givenUp: fc.boolean(),
  kill: fc.option(fc.record({ call: fc.integer({ min: 1, max: 25 }), when: fc.constantFrom('before', 'after') })),
  delays: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 12, maxLength: 12 }),
});
type Round = typeof round extends fc.Arbitrary<infer One> ? One : never;

const newToken = () => `keyturn-${randomUUID().replaceAll('-', '')}00000000`;
const refusals = new Set(['InvalidRequestException', 'InvalidParameterException', 'ResourceExistsException']);

/** Refused by Secrets Manager in its own words, or by a step in ours; a race may end in nothing else. */
async function orRefused(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    const { name, code } = error as Error & { code?: string };
    if (refusals.has(name) || name === 'Killed' || typeof code === 'string') return undefined;
    throw error;
  }
}

/** Everything at once; answers the tokens that were tried and the version that was put by hand. */
async function rush({ secret }: Subject, one: Round): Promise<{ tokens: string[]; byHand: string | undefined }> {
  const tokens = Array.from({ length: one.rotations }, newToken);
  const delays = one.delays.values();
  const soon = async (work: () => Promise<unknown>) => {
    await wait(delays.next().value ?? 0);
    return orRefused(work);
  };
  const rotate = (ClientRequestToken: string) => () =>
    laptop.secrets.send(new RotateSecretCommand({ SecretId: secret.arn, ClientRequestToken }));
  const again = (token: string) => async () => {
    for (const Step of STEPS) await secret.invoke({ Step, SecretId: secret.arn, ClientRequestToken: token });
  };
  let byHand: string | undefined;
  const put = async () => {
    const SecretString = JSON.stringify({ api_key: `by-hand-${randomUUID()}` });
    byHand = (await laptop.secrets.send(new PutSecretValueCommand({ SecretId: secret.arn, SecretString }))).VersionId;
  };
  if (one.kill)
    secret.calls.kill = { call: secret.calls.names.length + one.kill.call, when: one.kill.when as 'before' };
  await Promise.all([
    ...tokens.map((token) => soon(rotate(token))),
    ...Array.from({ length: one.doubled }, (_, index) => soon(again(tokens[index] as string))),
    ...(one.byHand ? [soon(put)] : []),
    ...(one.givenUp ? [soon(() => askAsWorkflow(secret, { operation: 'Abandon', versionId: tokens[0] }))] : []),
  ]);
  return { tokens, byHand };
}

/** Counts the invocations under way: what a process does that is still running is not over. */
function countRunning({ secret }: Subject): () => number {
  let running = 0;
  const arn = [...laptop.functions.keys()].find((key) => key.endsWith(`:${secret.name.replace('/', '-')}`)) as string;
  const run = laptop.functions.get(arn)!;
  laptop.functions.set(arn, async (event) => {
    running += 1;
    try {
      return await run(event);
    } finally {
      running -= 1;
    }
  });
  return () => running;
}

/** Lets Secrets Manager's attempts come to their end, then does what the workflow does with what is left. */
async function settle({ secret }: Subject, tokens: string[], running: () => number): Promise<void> {
  // Five attempts with their pauses are over after half a minute.
  for (let turn = 0; turn < 12; turn += 1) {
    while (running() > 0) await wait(1);
    const stages = await secret.stages();
    const pending = Object.entries(stages).find(([, labels]) => labels.includes('AWSPENDING'));
    if (!pending || pending[1].includes('AWSCURRENT')) break;
    await laptop.clock.advance(10_000);
    await wait(2);
  }
  secret.calls.kill = undefined;
  for (const token of tokens) {
    const labels = (await secret.stages())[token] ?? [];
    if (labels.length > 0 && !labels.includes('AWSCURRENT'))
      await askAsWorkflow(secret, { operation: 'Abandon', versionId: token });
  }
}

test(`two to five rotations at once, ${ROUNDS} times: at most one wins (seed ${seed})`, async () => {
  const subject = await generatedSubject(laptop);
  const { secret } = subject;
  await secret.rotate();
  const running = countRunning(subject);
  let won = 0;
  for (const [index, one] of fc.sample(round, { numRuns: ROUNDS, seed }).entries()) {
    const before = (await secret.versionWith('AWSCURRENT')) as string;
    // As retire-credential leaves it: otherwise the grace period refuses every rotation, and nothing races.
    const previous = await secret.versionWith('AWSPREVIOUS');
    await laptop.clock.advance(86_400_000);
    if (previous && (await secret.versionWith('KEYTURN_IN_FLIGHT')) === before) {
      const promotedAt = new Date(laptop.clock.now().getTime() - 86_400_000).toISOString();
      await askAsWorkflow(secret, { operation: 'Retire', versionId: before, previousVersionId: previous, promotedAt });
    }
    const { tokens, byHand } = await rush(subject, one);
    await settle(subject, tokens, running);
    const stages = await secret.stages();
    const current = (await secret.versionWith('AWSCURRENT')) as string;
    try {
      expect([before, byHand, ...tokens]).toContain(current);
      // Whoever was promoted carries one of these; a loser carries nothing that another rotation would trip over.
      const winners = tokens.filter((token) =>
        stages[token]?.some((label) => label === 'AWSCURRENT' || label === 'AWSPREVIOUS'),
      );
      expect(winners.length).toBeLessThanOrEqual(1);
      const losers = tokens.filter((token) => !winners.includes(token));
      expect(losers.flatMap((token) => stages[token] ?? [])).toEqual([]);
      expect(JSON.parse(secret.value()).api_key.length).toBeGreaterThan(8);
      if (current !== before && current !== byHand) won += 1;
      const { VersionIdsToStages = {} } = await laptop.secrets.send(
        new DescribeSecretCommand({ SecretId: secret.arn }),
      );
      const holding = (label: string) =>
        Object.values(VersionIdsToStages).filter((labels) => labels.includes(label)).length;
      expect(holding('AWSCURRENT')).toBe(1);
    } catch (error) {
      throw new Error(
        `round ${index + 1}: ${JSON.stringify(one)}\n${JSON.stringify({ before, byHand, tokens, stages })}`,
        { cause: error },
      );
    }
  }
  console.info(`${ROUNDS} races, ${won} won by a rotation, seed ${seed}`);
  expect(won).toBeGreaterThan(ROUNDS / 4);
}, 600_000);
