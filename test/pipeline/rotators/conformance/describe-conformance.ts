import { byExtent } from '../../../extent.ts';
import type { ConformingSecret } from './conforming-secret.ts';
import { endingsAfter } from './expectations.ts';
import { Life, type Operation, operations } from './life.ts';

const pairs = operations.flatMap((died) =>
  operations.flatMap((next) => {
    const endings = endingsAfter(died, next);
    return endings ? [{ died, next, endings }] : [];
  }),
);

/**
 * What every rotator promises, whatever its kind: each operation may be called twice, and may come after the death of each
 * other one. The model is a suite that runs against each storage: https://github.com/dexidp/dex (storage/conformance).
 *
 * The short run takes one of `turns` pairs and one death each, from `turn` on, so that the kinds share the pairs; the long
 * one takes each pair and a death at each call.
 */
export function describeConformance(
  open: () => Promise<ConformingSecret & { close(): Promise<void> }>,
  { turn, turns = 6 }: { readonly turn: number; readonly turns?: number },
): void {
  let subject: ConformingSecret & { close(): Promise<void> };
  beforeAll(async () => {
    subject = await open();
    // The first rotation adopts the value that a person has put. The suite is about the rotations after it.
    await live('Retire', async () => undefined);
  }, 120_000);
  afterAll(() => subject?.close());

  /** One rotation up to an operation, what a test does with it, and its end, after which nothing of it is left. */
  async function live(before: Operation, act: (life: Life) => Promise<void>): Promise<void> {
    const life = await Life.begin(subject);
    await life.arriveBefore(before);
    await act(life);
    if (subject.hasOverlap) await subject.useCurrent();
    await life.close();
    await subject.expectClean();
  }

  test.each(operations)('%s may be called twice: the second call ends as the first and changes nothing', (operation) =>
    live(operation, async (life) => {
      expect(await life.call(operation)).toBe('done');
      const once = await life.seen();
      expect(await life.call(operation)).toBe('done');
      expect(await life.seen()).toEqual(once);
    }));

  const step = byExtent({ short: turns, wide: 2, long: 1 });
  const taken = pairs.filter((_, index) => (index + turn) % step === 0);
  test.each(taken)('$next after the death of $died', async ({ died, next, endings }) => {
    const deaths: number[] = [];
    const isWhole = byExtent({ short: false, wide: false, long: true });
    for (let call = isWhole ? 1 : 1 + ((turn + pairs.length) % 4); ; call += 1) {
      let wasKilled = false;
      await live(died, async (life) => {
        wasKilled = await life.killed(died, call);
        const ending = await life.call(next);
        if (wasKilled) expect(endings).toContain(ending === 'done' ? ending : ending.refused);
      });
      if (wasKilled) deaths.push(call);
      // An operation that makes fewer calls dies after its first.
      if (!wasKilled && deaths.length === 0 && call > 1) call = 0;
      else if (!wasKilled || !isWhole) break;
    }
    expect(deaths.length).toBeGreaterThan(0);
  }, 120_000);
}
