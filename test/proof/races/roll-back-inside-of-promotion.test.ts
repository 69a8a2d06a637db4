import { askAsWorkflow } from '../crash/faults.ts';
import { openSubject, openWorld, type Subject, type World } from '../model/subjects.ts';
import { before, everyPlace, watch } from './interleave.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 120_000);
afterAll(() => world?.close());

/**
 * finishSecret is slow after it has promoted: the workflow has seen the promotion, its check has failed, it has rolled back, and
 * the next rotation has gone through.
 */
async function meet(name: 'a login' | 'a key of AWS', place: number): Promise<boolean> {
  const subject = await openSubject(world, name);
  const { secret } = subject;
  try {
    const { token, previous } = await beginRotation(subject);
    const refused = watch(subject);
    const end = before(place, subject, async () => {
      // The workflow checks what it has seen promoted.
      if ((await secret.versionWith('AWSCURRENT')) !== token) return;
      const request = { operation: 'RollBack', versionId: token, previousVersionId: previous };
      const { rolledBack } = await askAsWorkflow(secret, request);
      if (rolledBack) expect((await secret.rotate()).promoted).toBe(true);
    });
    const event = { SecretId: secret.arn, ClientRequestToken: token };
    await secret.invoke({ ...event, Step: 'finishSecret' }).catch(() => undefined);
    const hasCome = await end();
    expect(refused).toEqual([]);
    expect(await subject.works(secret.value())).toBe(true);
    return hasCome;
  } catch (error) {
    throw new Error(`at call ${place} of finishSecret`, { cause: error });
  } finally {
    await subject.close();
  }
}

/** A candidate that is tested, and whose promotion is still to come. */
async function beginRotation({ secret }: Subject): Promise<{ token: string; previous: string }> {
  secret.calls.kill = { call: secret.calls.names.length + 1, when: 'before' };
  const { token, previous } = await secret.rotate({ attempts: 1 });
  for (const Step of ['createSecret', 'setSecret', 'testSecret'])
    await secret.invoke({ Step, SecretId: secret.arn, ClientRequestToken: token });
  return { token, previous };
}

test.each([
  'a login',
  'a key of AWS',
] as const)('%s: rolled back and rotated again while finishSecret still runs, at whichever of its calls: AWSCURRENT always works', async (name) => {
  const places = await everyPlace(1, (place) => meet(name, place));
  console.info(`${name}: a roll-back and the next rotation inside of finishSecret, ${places} places`);
  expect(places).toBeGreaterThan(2);
}, 300_000);
