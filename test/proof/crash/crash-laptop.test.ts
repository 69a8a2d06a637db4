import type { FaultKind } from '../../../packages/laptop/faults/rule.ts';
import type { RecordedCall } from '../../../packages/laptop/recording/recorder.ts';
import { byExtent } from '../../extent.ts';
import { Laptop } from '../../scenarios/lab/laptop.ts';

const SECRET = 'lab/alternating';
const KINDS: readonly FaultKind[] = ['kill-after', 'throttle', 'kill-before', 'lose-answer'];
/** Every call takes minutes: that is the long run. */
const SAMPLE = byExtent({ short: 2, wide: 4, long: Number.POSITIVE_INFINITY });

let laptop: Laptop;
beforeAll(async () => {
  laptop = await Laptop.start();
  await laptop.createLogin(SECRET);
}, 180_000);
afterAll(() => laptop?.close(), 300_000);

type Flow = 'rotation' | 'roll-back';

/** Ends when the execution has ended, however it ended. */
async function run(flow: Flow): Promise<{ status?: string; error?: string; cause?: string }> {
  const { AWSCURRENT } = await laptop.labels(SECRET);
  if (flow === 'roll-back') await laptop.gate(SECRET, `open-for:${AWSCURRENT}`);
  const execution = await laptop.executions.rotate(SECRET);
  await laptop.gate(SECRET, 'open');
  return execution;
}

/** The calls of Keyturn's functions, and the n-th of its kind that each is. */
async function record(flow: Flow): Promise<{ call: RecordedCall; role: string; nth: number }[]> {
  await laptop.rest(SECRET);
  const { sequence } = laptop.cloud.recorder.calls().at(-1) as RecordedCall;
  await run(flow);
  await laptop.rest(SECRET);
  const nths = new Map<string, number>();
  return laptop.cloud.recorder
    .calls({ afterSequence: sequence })
    .filter(
      ({ source, principalKind, principal }) =>
        source === 'wire' && principalKind === 'role' && !/Gate/.test(principal),
    )
    .map((call) => {
      const role = /(?:role|assumed-role)\/([^/]+)/.exec(call.principal)?.[1] as string;
      const key = `${role} ${call.service} ${call.operation}`;
      nths.set(key, (nths.get(key) ?? 0) + 1);
      return { call, role, nth: nths.get(key) as number };
    });
}

/** Spread over the whole of the run. */
function sample<Item>(items: readonly Item[], most: number): Item[] {
  const step = Math.max(1, items.length / most);
  return Array.from({ length: Math.min(most, items.length) }, (_, index) => items[Math.floor(index * step)] as Item);
}

async function expectClean(): Promise<void> {
  await laptop.rest(SECRET);
  expect(await laptop.query(await laptop.value(SECRET), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  const { AWSPENDING, AWSCURRENT, KEYTURN_IN_FLIGHT } = await laptop.labels(SECRET);
  expect(KEYTURN_IN_FLIGHT).toBeUndefined();
  expect(AWSPENDING === undefined || AWSPENDING === AWSCURRENT).toBe(true);
}

test.each([
  ['rotation', SAMPLE],
  ['roll-back', SAMPLE],
] as const)(
  '%s: a fault at a call of a function, through the deployed template: the login works and the next rotation goes through',
  async (flow, most) => {
    const recorded = await record(flow);
    const points = sample(recorded, most).flatMap((point, index) => {
      const kinds = most === Number.POSITIVE_INFINITY ? KINDS : [KINDS[index % KINDS.length]];
      return kinds.map((kind) => ({ ...point, kind: kind as FaultKind }));
    });
    const told: string[] = [];
    for (const { call, role, nth, kind } of points) {
      const where = `${kind} ${nth}. ${call.operation} of ${role}`;
      const { id } = laptop.cloud.faults.add({
        kind,
        service: call.service,
        operation: call.operation,
        role: `*${role}*`,
        nth,
      });
      try {
        const execution = await run(flow);
        told.push(`${where}: ${execution.error ?? execution.status}`);
        laptop.cloud.faults.remove(id);
        // At once, before anybody does anything about it.
        expect(await laptop.query(await laptop.value(SECRET), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
        await expectClean();
        const next = await laptop.executions.rotate(SECRET);
        expect(next.error ?? next.status).toBe('SUCCEEDED');
        await expectClean();
      } catch (error) {
        laptop.cloud.faults.remove(id);
        throw new Error(`${flow}: ${where}\n${told.join('\n')}`, { cause: error });
      }
    }
    console.info(`${flow}: ${recorded.length} calls, ${points.length} points\n${told.join('\n')}`);
  },
  1_800_000,
);
