import {
  type DatabaseLaptop,
  type DatabaseSecret,
  manageDatabaseSecret,
  openDatabaseLaptop,
} from '../crash/database-secret.ts';
import { askAsWorkflow } from '../crash/faults.ts';
import { failedRotation, retire, rotated } from '../crash/parts.ts';
import { audit } from '../model/audit.ts';
import { before, everyPlace, placesIn, stepOf } from './interleave.ts';

let world: DatabaseLaptop;
beforeAll(async () => {
  world = await openDatabaseLaptop();
}, 120_000);
afterAll(() => world?.close());

type Versions = { token: string; previous: string };
type Act = (subject: DatabaseSecret, versions: Versions) => Promise<unknown>;

/** What has moved on is told, and nothing is changed. */
const REFUSALS = ['StepRefused', 'RotationAbandoned'];
const repair =
  (code: 'PreviousRefused' | 'CurrentRefused'): Act =>
  async ({ secret }, { token, previous }) => {
    const previousVersionId = code === 'PreviousRefused' ? previous : undefined;
    const request = { operation: 'Repair', versionId: token, previousVersionId, code } as const;
    await askAsWorkflow(secret, request).catch((error: Error) => {
      if (!REFUSALS.includes(error.name)) throw error;
    });
  };
const retireIt: Act = (subject, versions) => retire(world, subject, versions);
const rotateAgain: Act = async (subject) => retire(world, subject, await rotated(subject));

const races: [string, { strategy: 'alternating-users' | 'single-user'; interrupted: Act; other: Act }][] = [
  [
    'a retirement inside of a repair: what is retired stays retired',
    { strategy: 'alternating-users', interrupted: repair('PreviousRefused'), other: retireIt },
  ],
  [
    'a repair inside of a retirement: what is retired stays retired',
    { strategy: 'alternating-users', interrupted: retireIt, other: repair('PreviousRefused') },
  ],
  [
    'a rotation inside of a repair: the login keeps its new password',
    { strategy: 'single-user', interrupted: repair('CurrentRefused'), other: rotateAgain },
  ],
];

test.each(races)(
  '%s',
  async (name, { strategy, interrupted, other }) => {
    const subject = await manageDatabaseSecret(world, strategy);
    // A single login's repair has few calls.
    const step = strategy === 'single-user' ? 1 : stepOf('a login');
    const places = await everyPlace(step, async (place) => {
      const versions = await rotated(subject);
      if (strategy === 'single-user') await retireIt(subject, versions);
      const end = before(place, { kind: 'postgres', secret: subject.secret }, async () => {
        await other(subject, versions);
      });
      try {
        await interrupted(subject, versions);
        const hasCome = await end();
        if (other === retireIt && !hasCome) await retireIt(subject, versions);
        await subject.expectClean();
        return hasCome;
      } catch (error) {
        throw new Error(`at call ${place}`, { cause: error });
      }
    });
    console.info(`${name}, ${places} places`);
    expect(places).toBeGreaterThanOrEqual(placesIn(strategy === 'single-user' ? 3 : 22, step));
  },
  300_000,
);

test('a rotation that has changed the password, and is still to be promoted, inside of a repair: what has moved on is told', async () => {
  const subject = await manageDatabaseSecret(world, 'single-user');
  const places = await everyPlace(1, async (place) => {
    const versions = await rotated(subject);
    await retireIt(subject, versions);
    let token = '';
    const end = before(place, { kind: 'postgres', secret: subject.secret }, async () => {
      ({ token } = await failedRotation(subject));
    });
    await repair('CurrentRefused')(subject, versions);
    const hasCome = await end();
    if (hasCome) await askAsWorkflow(subject.secret, { operation: 'Abandon', versionId: token });
    await subject.expectClean();
    return hasCome;
  });
  expect(places).toBeGreaterThanOrEqual(3);
}, 300_000);

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
