import { defaultFleetConcurrency, WRITE_QUOTA_PER_SECOND } from '../pipeline/fleet/concurrency.ts';

export interface FleetFigures {
  readonly secrets: number;
  readonly concurrency: number;
  readonly seconds: number;
  /** What the share of the write quota that a fleet takes makes possible at the best. */
  readonly boundSeconds: number;
  readonly ratio: number;
  readonly throttled: number;
  readonly oneAtATimeSeconds: number;
}

const WRITES = 4;
/** When in a rotation its writes come: candidate, proxy's login, promotion, close. */
const WRITE_TIMES = [0.1, 0.4, 0.9, 1] as const;
const SHARE = 0.8;

/**
 * Rotations of a fleet against the token bucket of Secrets Manager's writes, in simulated time. `random` spreads how long a
 * rotation takes (half to one and a half of `rotationSeconds`). Counts the writes that the bucket would have refused.
 */
export function simulateFleet(
  secrets: number,
  {
    random,
    rotationSeconds = 10,
    concurrency = defaultFleetConcurrency,
  }: { random: () => number; rotationSeconds?: number; concurrency?: number },
): FleetFigures {
  const writes = new Float64Array(secrets * WRITES);
  const lanes = new Float64Array(Math.min(concurrency, secrets));
  let last = 0;
  for (let index = 0; index < secrets; index += 1) {
    let lane = 0;
    for (let other = 1; other < lanes.length; other += 1) if (lanes[other]! < lanes[lane]!) lane = other;
    // The first ones do not begin in one instant: the Map starts its children one after another.
    const startsAt = index < lanes.length ? (index / lanes.length) * rotationSeconds : lanes[lane]!;
    const takes = rotationSeconds * (0.5 + random());
    for (const [write, share] of WRITE_TIMES.entries()) writes[index * WRITES + write] = startsAt + takes * share;
    lanes[lane] = startsAt + takes;
    last = Math.max(last, lanes[lane]!);
  }
  const throttled = refusedBy(writes.sort(), WRITE_QUOTA_PER_SECOND);
  const boundSeconds = (secrets * WRITES) / (WRITE_QUOTA_PER_SECOND * SHARE);
  return {
    secrets,
    concurrency,
    seconds: last,
    boundSeconds,
    ratio: last / boundSeconds,
    throttled,
    oneAtATimeSeconds: secrets * rotationSeconds,
  };
}

/** A token bucket that holds one second's worth: how many of the writes, in their order, found it empty. */
function refusedBy(writes: Float64Array, perSecond: number): number {
  let tokens = perSecond;
  let before = 0;
  let refused = 0;
  for (const at of writes) {
    tokens = Math.min(perSecond, tokens + (at - before) * perSecond);
    before = at;
    if (tokens >= 1) tokens -= 1;
    else refused += 1;
  }
  return refused;
}

/** The same numbers in each run: a small generator with a seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
