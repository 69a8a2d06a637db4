import { askAsWorkflow } from '../crash/faults.ts';
import { openSubject, openWorld, type Subject, type SubjectName, type World } from '../model/subjects.ts';
import { before, everyPlace, placesIn, racers, stepOf, watch } from './interleave.ts';

const GRACE_MILLISECONDS = 86_400_000;

let world: World;
beforeAll(async () => {
  world = await openWorld();
}, 120_000);
afterAll(() => world?.close());

interface Open {
  readonly subject: Subject;
  readonly retire: () => Promise<void>;
  readonly rollBack: () => Promise<void>;
}

/** A rotation whose grace period is over. Either may be refused in our words: somebody else was faster. */
async function promoted(name: SubjectName): Promise<Open> {
  const subject = await openSubject(world, name);
  const { secret } = subject;
  const { token: versionId, previous: previousVersionId } = await secret.rotate();
  expect(await secret.versionWith('AWSCURRENT')).toBe(versionId);
  const promotedAt = world.laptop.clock.now().toISOString();
  await world.laptop.clock.advance(GRACE_MILLISECONDS);
  const asked = (request: { operation: string } & Record<string, unknown>) => async () => {
    const refusals = ['TargetRefused', 'RollBackImpossible', 'InvalidParameterException', 'StepRefused'];
    await askAsWorkflow(secret, { ...request, versionId, previousVersionId }).catch((error: Error) =>
      expect(refusals).toContain(error.name),
    );
  };
  return {
    subject,
    retire: asked({ operation: 'Retire', promotedAt }),
    rollBack: asked({ operation: 'RollBack' }),
  };
}

/** What is in flight is retired, and the next rotation goes through. */
async function goOn({ secret }: Subject): Promise<void> {
  const stages = Object.entries(await secret.stages());
  const [versionId = ''] = stages.find(([, labels]) => labels.includes('AWSCURRENT')) ?? [];
  const [previousVersionId = ''] = stages.find(([, labels]) => labels.includes('AWSPREVIOUS')) ?? [];
  if (stages.some(([id, labels]) => id === versionId && labels.includes('KEYTURN_IN_FLIGHT'))) {
    const promotedAt = world.laptop.clock.now().toISOString();
    await world.laptop.clock.advance(GRACE_MILLISECONDS);
    await askAsWorkflow(secret, { operation: 'Retire', versionId, previousVersionId, promotedAt });
  }
  expect((await secret.rotate()).promoted).toBe(true);
}

async function meet(
  name: SubjectName,
  place: number,
  windows: string[],
  roles: (open: Open) => { outer: () => Promise<void>; inner: () => Promise<void> },
): Promise<boolean> {
  const open = await promoted(name);
  const { subject } = open;
  const { outer, inner } = roles(open);
  try {
    const refused = watch(subject);
    const end = before(place, subject, inner);
    await outer();
    const hasCome = await end();
    if (refused.length > 0) windows.push(`call ${place}: ${refused[0]}`);
    expect(await subject.works(subject.secret.value())).toBe(true);
    await goOn(subject);
    expect(await subject.works(subject.secret.value())).toBe(true);
    return hasCome;
  } catch (error) {
    throw new Error(`at call ${place}`, { cause: error });
  } finally {
    await subject.close();
  }
}

describe.each(racers)('%s', (name) => {
  test.each([
    ['a roll-back', 'a retirement', ({ retire, rollBack }: Open) => ({ outer: retire, inner: rollBack })],
    ['a retirement', 'a roll-back', ({ retire, rollBack }: Open) => ({ outer: rollBack, inner: retire })],
    [
      'a retirement and the next rotation',
      'a retirement that came twice',
      ({ subject, retire }: Open) => ({
        outer: retire,
        inner: async () => {
          await retire();
          await subject.secret.rotate();
        },
      }),
    ],
  ] as const)(
    '%s inside of %s, at whichever call: AWSCURRENT always works',
    async (inner, outer, roles) => {
      const windows: string[] = [];
      const places = await everyPlace(stepOf(name), (place) => meet(name, place, windows, roles));
      console.info(`${name}: ${inner} inside of ${outer}, ${places} places, ${windows.length} inside the window`);
      expect(places).toBeGreaterThanOrEqual(placesIn(name === 'a login' ? 15 : 5, stepOf(name)));
      // A whole roll-back between a retirement's last look and its deletion of the key (a vendor's with the reading of the
      // administrator's key before it): what is deleted cannot be put back, so AWSCURRENT goes on to the key that works, as
      // soon as the deletion has answered.
      const mayOpen = inner === 'a roll-back' && name !== 'a login' ? 2 : 0;
      expect(windows.slice(mayOpen)).toEqual([]);
    },
    300_000,
  );
});
