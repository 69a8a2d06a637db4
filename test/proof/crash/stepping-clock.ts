import { ManualClock, type Timer } from '../../../packages/laptop/clock.ts';

const LONGEST_STEP_MILLISECONDS = 2_000;

/** A clock that can be moved to whatever is due next, so that waiting takes no time and nothing is passed over. */
export class SteppingClock extends ManualClock {
  readonly #due = new Set<{ at: number }>();
  readonly #longestStepMilliseconds: number;

  constructor(start: Date, longestStepMilliseconds = LONGEST_STEP_MILLISECONDS) {
    super(start);
    this.#longestStepMilliseconds = longestStepMilliseconds;
  }

  override after(milliseconds: number, callback: () => void): Timer {
    const entry = { at: this.now().getTime() + milliseconds };
    this.#due.add(entry);
    const timer = super.after(milliseconds, () => {
      this.#due.delete(entry);
      callback();
    });
    const cancel = () => {
      this.#due.delete(entry);
      timer.cancel();
    };
    return { cancel };
  }

  /** Where nothing is due no time passes: what computes just now may have something due in a moment. */
  async step(): Promise<void> {
    if (this.#due.size === 0) return;
    const next = Math.min(...[...this.#due].map(({ at }) => at)) - this.now().getTime();
    await this.advance(Math.max(0, Math.min(next, this.#longestStepMilliseconds)));
  }
}
