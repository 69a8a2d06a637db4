import { byExtent } from '../../extent.ts';
import { matrix } from './attack.ts';
import type { Strike } from './faults.ts';
import {
  mirrors,
  notify,
  type PropagationPart,
  parameterChange,
  recycle,
  recycleStopped,
} from './propagation-parts.ts';
import { PropagationWorld } from './propagation-world.ts';

/** Of every part the short run attacks every fourth call, the wide one every second. */
const STEP = byExtent({ short: 4, wide: 2, long: 1 });

let world: PropagationWorld;
beforeAll(async () => {
  world = await PropagationWorld.open();
}, 60_000);
afterAll(() => world?.close());

const parts: Record<string, (name: string) => Promise<PropagationPart>> = {
  'a consumer is notified': (name) => notify(world, name),
  'a consumer is recycled': (name) => recycle(world, name, false),
  'a consumer behind an alias with provisioned concurrency is recycled': (name) => recycle(world, name, true),
  'mirrors are brought along': (name) => mirrors(world, name),
  'a parameter changes': (name) => parameterChange(world, name),
};

/** Nobody tries again: whatever the fault, what matters is whether the call had its effect. */
const stopped: typeof parts = {
  'a recycle is stopped, and rolled back': (name) =>
    recycleStopped(world, name, { hasAlias: false, next: 'the version before' }),
  'a recycle behind an alias is stopped, and rolled back': (name) =>
    recycleStopped(world, name, { hasAlias: true, next: 'the version before' }),
  ...(byExtent({ short: false, wide: false, long: true }) && {
    'a recycle behind an alias is stopped, and another rotation comes': (name) =>
      recycleStopped(world, name, { hasAlias: true, next: 'another version' }),
  }),
};

async function attackPropagation(part: PropagationPart, choose: (strike: Strike) => boolean = () => true) {
  // After a release, twice: then there are versions of ours to be pruned again.
  const settle = async () => {
    await part.run();
    await part.run();
  };
  await settle();
  const recorded = [...(await part.run()).calls];
  const points = matrix(recorded, STEP).filter(choose);
  let again = 0;
  for (const strike of points) {
    try {
      const { executions } = await part.run(strike);
      again += executions - 1;
      expect(world.faults.hasStruck).toBe(true);
      expect(world.lies.splice(0)).toEqual([]);
      // Only a deployment that somebody has begun is waited for; everything else the state machine's own tries end.
      if (strike.fault === 'deployed') await settle();
      else expect(executions).toBe(1);
    } catch (error) {
      const where = `call ${strike.call}, ${recorded[strike.call - 1]?.name}, ${strike.fault}`;
      throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
    }
  }
  return { calls: recorded.length, points: points.length, again };
}

test.each(
  Object.keys(parts),
)('%s: whatever befalls a call, the next try or the next execution gets everybody there', async (name) => {
  const part = await parts[name]!(name.replaceAll(' ', '-').slice(0, 60));
  const { calls, points, again } = await attackPropagation(part);
  console.info(`propagation, ${name}: ${calls} calls, ${points} points, ${again} ended by the next execution`);
}, 300_000);

test('what is rolled back to has a bound of its own: consumers may have read the failed version until that moment', async () => {
  const consumer = { name: 'bound', functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:bound' };
  const times = { freshness: 'expire', maxAgeSeconds: 300, longestInvocationSeconds: 30 };
  let rolledBackAt = 0;
  const plan = {
    ...{
      path: 'roll-back',
      reason: '',
      secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf',
    },
    ...{
      secretName: 'app/db',
      kind: 'postgres',
      startedBy: 'console',
      versionId: 'failed',
      previousVersionId: 'before',
    },
    ...{ retireFirst: null, clearVersionId: null, emergency: false, rollBack: true, checks: [], mirrors: [] },
    ...{
      rotationFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:rotate',
      consumers: [{ ...consumer, ...times }],
    },
    ...{
      promotionTimeoutSeconds: 60,
      gracePeriodSeconds: 60,
      evidenceIntervalSeconds: 60,
      convergenceBoundSeconds: 330,
    },
  };
  world.functions.set('PrepareFunctionArn', async () => plan);
  world.functions.set('rotate', async () => {
    await world.clock.advance(45_000);
    rolledBackAt = world.clock.now().getTime();
    return { rolledBack: true };
  });
  await world.ended(await world.begin(world.rotateSecretArn, { secretId: 'app/db' }));
  const propagation = world
    .executions()
    .find(({ machine, input }) => machine.arn === world.machineArn && JSON.parse(input).versionId === 'before');
  const [{ expectedAt }] = JSON.parse(propagation?.output as string).consumers;
  expect(Date.parse(expectedAt)).toBeGreaterThanOrEqual(rolledBackAt + 330_000);
}, 60_000);

test.each(
  Object.keys(stopped),
)('%s: whichever call was the last, nobody is called recycled who was not', async (name) => {
  const part = await stopped[name]!(`stopped-${Object.keys(stopped).indexOf(name)}`);
  const { calls, points } = await attackPropagation(part, ({ fault }) => fault.startsWith('killed'));
  console.info(`propagation, ${name}: ${calls} calls, ${points} points`);
}, 300_000);
