import { UpdateSecretVersionStageCommand } from '@aws-sdk/client-secrets-manager';
import { askAsWorkflow } from '../crash/faults.ts';
import { openSubject, openWorld, type Subject, type SubjectName, type World } from '../model/subjects.ts';
import { attempt, before, everyPlace, placesIn, racers, stepOf, watch } from './interleave.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 120_000);
afterAll(() => world?.close());

/** An emergency that has begun: Secrets Manager's attempt at it is still to come. */
async function beginEmergency({ secret }: Subject): Promise<string> {
  secret.calls.kill = { call: secret.calls.names.length + 1, when: 'before' };
  const { token, promoted } = await secret.rotate({ emergency: true, attempts: 1 });
  expect(promoted).toBe(false);
  return token;
}

async function meet(name: SubjectName, inner: 'the roll-back' | 'the emergency', place: number): Promise<boolean> {
  const subject = await openSubject(world, name);
  const { secret } = subject;
  try {
    const { token: failed, previous, promoted } = await secret.rotate();
    expect(promoted).toBe(true);
    const emergency = inner === 'the roll-back' ? await beginEmergency(subject) : undefined;
    const refused = watch(subject);
    // It may be refused: the previous key is gone, or somebody else was faster. What counts is what AWSCURRENT holds.
    const rollBack = () =>
      askAsWorkflow(secret, { operation: 'RollBack', versionId: failed, previousVersionId: previous }).then(
        () => undefined,
        (error: Error) =>
          expect(['TargetRefused', 'RollBackImpossible', 'InvalidParameterException']).toContain(error.name),
      );
    const whole = async () => void (await secret.rotate({ emergency: true, attempts: 1 }));
    const end = before(place, subject, emergency === undefined ? whole : rollBack);
    await (emergency === undefined ? rollBack() : attempt(subject, emergency));
    const hasCome = await end();
    expect(refused).toEqual([]);
    expect(await subject.works(secret.value())).toBe(true);
    return hasCome;
  } catch (error) {
    throw new Error(`${inner} came at call ${place}`, { cause: error });
  } finally {
    await subject.close();
  }
}

describe.each(racers)('%s', (name) => {
  test.each([
    'the roll-back',
    'the emergency',
  ] as const)('a roll-back and an emergency at once, at whichever call %s comes: AWSCURRENT always works', async (inner) => {
    const places = await everyPlace(stepOf(name), (place) => meet(name, inner, place));
    console.info(`${name}: a roll-back against an emergency, ${inner} inside of the other, ${places} places`);
    expect(places).toBeGreaterThanOrEqual(placesIn(name === 'a login' ? 22 : 7, stepOf(name)));
  }, 300_000);
});

test('a login: the mark of a roll-back that has died holds an emergency up for ten seconds and no longer', async () => {
  const subject = await openSubject(world, 'a login');
  const { secret } = subject;
  const { token } = await secret.rotate();
  const mark = { SecretId: secret.arn, VersionStage: 'KEYTURN_FAILED', MoveToVersionId: token };
  await world.laptop.secrets.send(new UpdateSecretVersionStageCommand(mark));
  const askedAt = world.laptop.clock.now().getTime();
  expect(await secret.rotate({ emergency: true })).toMatchObject({ promoted: true });
  expect(world.laptop.clock.now().getTime() - askedAt).toBeGreaterThanOrEqual(10_000);
  expect(secret.failures.map((error) => (error as Error).name)).toContain('RollBackUnderWay');
  expect(await subject.works(secret.value())).toBe(true);
  await subject.close();
});
