import { byExtent } from '../../extent.ts';
import { type Call, type FaultName, faultsOf, type Strike } from './faults.ts';
import { type Part, parts, type Subject, type World } from './parts.ts';

/** Every fault at every call takes minutes: that is the long run. */
const everyFault = byExtent({ short: false, wide: false, long: true });

/**
 * The matrix, from the calls of a recorded run: a call that is new is in it by itself. A kill at every call; of the other
 * faults one at every second call of a kind, in turn (all of them at all in the long run). `step`: only at every so
 * many calls.
 */
export function matrix(calls: readonly Call[], step = 1): Strike[] {
  const turns = new Map<string, number>();
  return calls.flatMap(({ target }, index) => {
    const faults: readonly FaultName[] = faultsOf[target].filter((fault) => index === 0 || fault !== 'killed-before');
    const kills = faults.filter((fault) => fault.startsWith('killed'));
    const others = faults.filter((fault) => !fault.startsWith('killed'));
    const turn = turns.get(target) ?? 0;
    turns.set(target, turn + 1);
    const inTurn = turn % 2 === 0 ? [others[(turn / 2) % others.length] as FaultName] : [];
    if (index % step > 0) return [];
    const chosen = everyFault ? faults : [...kills, ...inTurn];
    return chosen.map((fault) => ({ call: index + 1, fault }));
  });
}

/**
 * Attacks one part of a secret's life at every point. After each fault, before anybody tries again, AWSCURRENT is used
 * (`windows` counts the points at which that is refused); after the next run the world is clean.
 */
export async function attack(
  world: World,
  subject: Subject,
  part: string,
  { run = parts[part]!, step = 1 }: { run?: Part; step?: number } = {},
): Promise<{ calls: number; points: number; windows: string[] }> {
  const windows: string[] = [];
  const recorded = [...(await run(world, subject))];
  await subject.expectClean();
  const points = matrix(recorded, step);
  for (const strike of points) {
    const where = `call ${strike.call}, ${recorded[strike.call - 1]?.name}, ${strike.fault}`;
    world.faults.afterFailure = () =>
      subject.useCurrent().catch((error: Error) => void windows.push(`${where}: ${error.message}`));
    try {
      const calls = await run(world, subject, strike);
      // Otherwise nothing was struck; a kill tells it itself.
      if (!strike.fault.startsWith('killed')) expect(calls.length).toBeGreaterThanOrEqual(strike.call);
      expect(subject.secret.calls.kill).toBeUndefined();
      await subject.expectClean();
    } catch (error) {
      throw new Error(`${part}: ${where}`, { cause: error });
    } finally {
      world.faults.afterFailure = undefined;
    }
  }
  return { calls: recorded.length, points: points.length, windows };
}
