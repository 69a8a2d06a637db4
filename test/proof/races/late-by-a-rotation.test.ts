import {
  type DatabaseLaptop,
  type DatabaseSecret,
  manageDatabaseSecret,
  openDatabaseLaptop,
} from '../crash/database-secret.ts';
import { askAsWorkflow } from '../crash/faults.ts';
import { failedRotation, parts, retire, rotated } from '../crash/parts.ts';
import { attempt, before, everyPlace, stepOf } from './interleave.ts';

const GRACE_MILLISECONDS = 86_400_000;
type Versions = { token: string; previous: string };

let world: DatabaseLaptop;
beforeAll(async () => {
  world = await openDatabaseLaptop();
}, 120_000);
afterAll(() => world?.close());

const giveUp = ({ secret }: DatabaseSecret, { token }: Versions) =>
  askAsWorkflow(secret, { operation: 'Abandon', versionId: token });

const race = {
  'an abandonment that came twice': {
    begin: failedRotation,
    late: giveUp,
    meanwhile: giveUp,
  },
  'a retirement that a roll-back came before': {
    async begin(subject: DatabaseSecret) {
      const versions = await rotated(subject);
      await world.laptop.clock.advance(GRACE_MILLISECONDS);
      return versions;
    },
    late: ({ secret }: DatabaseSecret, { token, previous }: Versions) => {
      const promotedAt = new Date(world.laptop.clock.now().getTime() - GRACE_MILLISECONDS).toISOString();
      return askAsWorkflow(secret, {
        operation: 'Retire',
        versionId: token,
        previousVersionId: previous,
        promotedAt,
      });
    },
    meanwhile: ({ secret }: DatabaseSecret, { token, previous }: Versions) =>
      askAsWorkflow(secret, { operation: 'RollBack', versionId: token, previousVersionId: previous }),
  },
} as const;

/** What holds up the next rotation's promotion may meet the late one too, where both wait for a lock: then it comes again. */
function onlyPermission(error: Error): Error {
  if (error.name !== 'AccessDeniedException') throw error;
  return error;
}

/** The next rotation: through, or so far that only its promotion is left, which comes after the late one has ended. */
const next = {
  'the next rotation': { begin: rotated, end: async () => undefined },
  'the next rotation until its promotion': {
    begin: failedRotation,
    async end({ secret }: DatabaseSecret, { token, previous }: Versions) {
      expect(await secret.versionWith('AWSCURRENT')).toBe(previous);
      await attempt({ secret }, token);
    },
  },
} as const;

describe.each([['alternating-users'], ['single-user']] as const)('%s', (strategy) => {
  let subject: DatabaseSecret;
  beforeAll(async () => {
    subject = await manageDatabaseSecret(world, strategy);
    await parts.rotation!(world, subject);
  }, 120_000);

  async function meet(place: number, name: keyof typeof race, nextName: keyof typeof next): Promise<boolean> {
    const versions = await race[name].begin(subject);
    let begun: Versions | undefined;
    const end = before(place, { kind: 'postgres', secret: subject.secret }, async () => {
      await race[name].meanwhile(subject, versions);
      begun = await next[nextName].begin(subject);
    });
    try {
      const refusal = await race[name].late(subject, versions).then(() => undefined, onlyPermission);
      const hasCome = await end();
      if (refusal) await race[name].late(subject, versions);
      if (begun) {
        await next[nextName].end(subject, begun);
        expect(await subject.secret.versionWith('AWSCURRENT')).toBe(begun.token);
        await subject.useCurrent();
        await retire(world, subject, begun);
      }
      await retire(world, subject, await rotated(subject));
      await subject.expectClean();
      return hasCome;
    } catch (error) {
      throw new Error(`at call ${place}`, { cause: error });
    }
  }

  test.each([
    ['the next rotation', 'an abandonment that came twice'],
    ['the next rotation', 'a retirement that a roll-back came before'],
    ['the next rotation until its promotion', 'a retirement that a roll-back came before'],
  ] as const)(
    '%s between the calls of %s: what it promotes logs in',
    async (nextName, name) => {
      // A single login's retirement has few calls.
      const step = strategy === 'single-user' && name.startsWith('a retirement') ? 1 : stepOf('a login');
      const places = await everyPlace(step, (place) => meet(place, name, nextName));
      console.info(`${strategy}: ${nextName} inside of ${name}, ${places} places`);
      expect(places).toBeGreaterThanOrEqual(2);
    },
    300_000,
  );
});
