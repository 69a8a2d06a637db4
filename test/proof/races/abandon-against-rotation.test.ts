import { setTimeout as wait } from 'node:timers/promises';
import {
  type DatabaseLaptop,
  type DatabaseSecret,
  manageDatabaseSecret,
  openDatabaseLaptop,
} from '../crash/database-secret.ts';
import { askAsWorkflow } from '../crash/faults.ts';
import { failedRotation, parts, retire, rotated } from '../crash/parts.ts';
import { attempt, placesIn, stepOf } from './interleave.ts';

let world: DatabaseLaptop;
beforeAll(async () => {
  world = await openDatabaseLaptop();
}, 120_000);
afterAll(() => world?.close());

/** Lets `other` begin when the n-th call is made, and gives it the time that it takes as long as it waits for nobody. */
function during(n: number, other: () => Promise<void>) {
  let begun: Promise<void> | undefined;
  let calls = 0;
  world.faults.between = async () => {
    calls += 1;
    if (calls !== n || begun) return;
    begun = other();
    // It may wait for a lock that the interrupted one holds: then both go on.
    await Promise.race([begun, wait(150)]);
  };
  return async () => {
    world.faults.between = undefined;
    const hasBegun = begun !== undefined;
    await begun;
    return hasBegun;
  };
}

describe.each([['alternating-users'], ['single-user']] as const)('%s', (strategy) => {
  let subject: DatabaseSecret;
  beforeAll(async () => {
    subject = await manageDatabaseSecret(world, strategy);
    await parts.rotation!(world, subject);
  }, 120_000);

  /** Whoever won: it is one, what AWSCURRENT holds logs in, and the next rotation goes through. */
  async function expectOneWinner(rotation: { token: string; previous: string }, abandoned: boolean): Promise<void> {
    await subject.useCurrent();
    const current = await subject.secret.versionWith('AWSCURRENT');
    // Given up in the moment between the last look and the write of the promotion: it stays promoted, and works.
    if (!abandoned) expect(current).toBe(rotation.token);
    if (current === rotation.token) await retire(world, subject, rotation);
    else expect(current).toBe(rotation.previous);
    await subject.expectClean();
    await retire(world, subject, await rotated(subject));
    await subject.expectClean();
  }

  test('given up while Secrets Manager tries again, at whichever call the attempt comes: one of them wins', async () => {
    let rounds = 0;
    for (let call = 1; ; call += stepOf('a login')) {
      const rotation = await failedRotation(subject);
      const end = during(call, () => attempt(subject, rotation.token));
      const answer = await askAsWorkflow(subject.secret, { operation: 'Abandon', versionId: rotation.token });
      const hasBegun = await end();
      await expectOneWinner(rotation, answer.abandoned).catch((error) => {
        throw new Error(`the attempt came at call ${call}`, { cause: error });
      });
      if (!hasBegun) break;
      rounds += 1;
    }
    console.info(`${strategy}: an attempt inside of Abandon, ${rounds} places`);
    expect(rounds).toBeGreaterThanOrEqual(placesIn(15, stepOf('a login')));
  }, 300_000);

  test('an attempt of Secrets Manager that is given up, at whichever of its calls: one of them wins', async () => {
    let rounds = 0;
    for (let call = 1; ; call += stepOf('a login')) {
      const rotation = await failedRotation(subject);
      let answer: { abandoned: boolean } | undefined;
      const giveUp = async () => {
        answer = await askAsWorkflow(subject.secret, { operation: 'Abandon', versionId: rotation.token });
      };
      const end = during(call, giveUp);
      await attempt(subject, rotation.token);
      const hasBegun = await end();
      await expectOneWinner(rotation, answer?.abandoned ?? false).catch((error) => {
        throw new Error(`it was given up at call ${call}`, { cause: error });
      });
      if (!hasBegun) break;
      rounds += 1;
    }
    console.info(`${strategy}: Abandon inside of an attempt, ${rounds} places`);
    expect(rounds).toBeGreaterThanOrEqual(placesIn(15, stepOf('a login')));
  }, 300_000);
});
