import {
  type DatabaseLaptop,
  type DatabaseSecret,
  manageDatabaseSecret,
  openDatabaseLaptop,
} from '../crash/database-secret.ts';
import { askAsWorkflow } from '../crash/faults.ts';
import { retire, rotated } from '../crash/parts.ts';
import { audit } from '../model/audit.ts';
import { before, everyPlace, stepOf } from './interleave.ts';

let world: DatabaseLaptop;
beforeAll(async () => {
  world = await openDatabaseLaptop();
}, 120_000);
afterAll(() => world?.close());

type Versions = { token: string; previous: string };
interface Race {
  readonly strategy: 'alternating-users' | 'single-user';
  readonly request: (versions: Versions) => object;
  readonly meanwhile: (subject: DatabaseSecret, versions: Versions) => Promise<unknown>;
}

const races: Record<string, Race> = {
  'what is retired meanwhile stays retired': {
    strategy: 'alternating-users',
    request: ({ token, previous }) => ({ versionId: token, previousVersionId: previous, code: 'PreviousRefused' }),
    meanwhile: (subject, versions) => retire(world, subject, versions),
  },
  'what is rotated meanwhile keeps its new password': {
    strategy: 'single-user',
    request: ({ token }) => ({ versionId: token, code: 'CurrentRefused' }),
    meanwhile: async (subject) => retire(world, subject, await rotated(subject)),
  },
};

describe.each(Object.entries(races))('a repair that comes late: %s', (_name, { strategy, request, meanwhile }) => {
  test('at every place of the repair', async () => {
    const subject = await manageDatabaseSecret(world, strategy);
    // A single login's repair has few calls.
    const step = strategy === 'single-user' ? 1 : stepOf('a login');
    const places = await everyPlace(step, async (place) => {
      const versions = await rotated(subject);
      if (strategy === 'single-user') await retire(world, subject, versions);
      const end = before(place, { kind: 'postgres', secret: subject.secret }, async () => {
        await meanwhile(subject, versions);
      });
      const asked = askAsWorkflow(subject.secret, { operation: 'Repair', ...request(versions) });
      const refusal: Error | undefined = await asked.then(
        () => undefined,
        (error) => error,
      );
      const hasCome = await end();
      if (refusal && refusal.name !== 'StepRefused') throw new Error(`at call ${place}`, { cause: refusal });
      if (!hasCome && strategy === 'alternating-users') await retire(world, subject, versions);
      await subject.expectClean();
      return hasCome;
    });
    console.info(`${strategy}: inside of a repair, ${places} places`);
    expect(places).toBeGreaterThanOrEqual(3);
  }, 300_000);
});

test('an audit at the last step of a retirement finds nothing; a refused login that nobody retires it finds', async () => {
  const subject = await manageDatabaseSecret(world, 'alternating-users');
  const versions = await rotated(subject);
  const promotedAt = world.laptop.clock.now();
  const [first] = (await subject.logins()).filter(({ login }) => login !== subject.current().username);
  await world.server.query(`ALTER ROLE ${first?.login} NOLOGIN`);
  const found = async (whileItWaits?: () => Promise<void>) => {
    const { laptop } = world;
    const { token: versionId } = versions;
    const findings = await audit({
      laptop,
      secret: subject.secret,
      settings: subject.secret.settings,
      managedSince: promotedAt,
      rows: [
        { at: promotedAt, type: 'Secret Promoted', versionId },
        { at: promotedAt, type: 'Secret Propagated', versionId },
      ],
      isRetiring: () => true,
      started: async () => undefined,
      ...(whileItWaits && { whileItWaits }),
    });
    return findings.map(({ code }) => code);
  };
  expect(await found()).toEqual(['PreviousRefused']);
  expect(await found(() => retire(world, subject, versions))).toEqual([]);
}, 60_000);
