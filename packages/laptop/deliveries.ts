import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Cloud } from './cloud.ts';
import { currentLineage, type Lineage, oneDeliveryFurther } from './lineage.ts';

/** Deliveries out of one another that take place at once. No ordinary chain is as long. */
const FREE_DELIVERIES = 16;
const GAP_MILLISECONDS = 50;
const LONGEST_GAP_MILLISECONDS = 5_000;
const MOST_WAITING = 1_000;

/**
 * Events and messages on their way. A chain of deliveries may come back to where it began (a rule starts a machine that
 * puts the event that the rule waits for) and multiply on each pass; AWS lets it run, at its own cost. Here a long chain
 * is slowed down, the more the longer it is, so that the laptop keeps answering and its memory lasts.
 */
export class Deliveries {
  readonly #log: (line: string) => void;
  readonly #callers = new Map<string, Lineage>();
  #waiting = 0;
  #nextAt = 0;
  #isSlowing = false;
  #isDropping = false;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** Carries out a delivery as one that follows from what is done now. Never in the same turn, so that others come in between. */
  run(what: string, signal: AbortSignal, deliver: () => Promise<void>): Promise<void> {
    return oneDeliveryFurther(async () => {
      const { deliveries } = currentLineage();
      await nextTurn();
      if (deliveries > FREE_DELIVERIES) {
        if (this.#waiting >= MOST_WAITING) return this.#drop(what);
        await this.#slowDown(what, deliveries);
      }
      if (!signal.aborted) await deliver();
    });
  }

  /** Does what has been accepted already, such as an execution: at once, unless it is far down a chain. */
  follow(what: string, work: () => Promise<void>): Promise<void> {
    return oneDeliveryFurther(async () => {
      const { deliveries } = currentLineage();
      if (deliveries > FREE_DELIVERIES) await this.#slowDown(what, deliveries);
      await work();
    });
  }

  /** From now on calls with this access key follow from what is done now: an environment serves one invocation at a time. */
  attribute(accessKeyId: string): void {
    this.#callers.set(accessKeyId, currentLineage());
  }

  forget(accessKeyId: string): void {
    this.#callers.delete(accessKeyId);
  }

  /** What a call over the wire follows from. */
  lineageOf(accessKeyId: string | undefined): Lineage {
    const known = accessKeyId === undefined ? undefined : this.#callers.get(accessKeyId);
    return known ?? currentLineage();
  }

  #drop(what: string): void {
    if (this.#isDropping) return;
    this.#isDropping = true;
    this.#log(`${what}: dropped, with what follows: ${MOST_WAITING} deliveries of a loop wait already.`);
  }

  async #slowDown(what: string, deliveries: number): Promise<void> {
    if (!this.#isSlowing) {
      this.#isSlowing = true;
      this.#log(
        `${what}: the ${deliveries}th delivery out of one another, which looks like a loop. It is slowed down.`,
      );
    }
    const now = performance.now();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + Math.min(GAP_MILLISECONDS * (deliveries - FREE_DELIVERIES), LONGEST_GAP_MILLISECONDS);
    this.#waiting += 1;
    try {
      await pause(at - now, undefined, { ref: false });
    } finally {
      this.#waiting -= 1;
    }
  }
}

export function deliveriesOf(cloud: Cloud): Deliveries {
  const { deliveries } = cloud as Cloud & { deliveries?: Deliveries };
  if (!deliveries) throw new TypeError('This cloud delivers nothing: make it with createCloud().');
  return deliveries;
}
