import type { Clock, Timer } from '../../../packages/laptop/clock.ts';

/** Behind the clock of the functions, so that nothing that the cloud dates lies in their future. */
const BEHIND_MILLISECONDS = 20 * 60_000;
const TICK_MILLISECONDS = 4;
/** So many looks in a row find nothing at work before time leaps. */
const STILL_TICKS = 3;
/** The longest wait of a rotation is shorter; schedules of days are not leapt to. */
const LONGEST_LEAP_MILLISECONDS = 150_000;

interface Entry {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * The cloud's time without the waiting: it goes as the machine's does while something is at work, and leaps to the next thing
 * that is due where everything only waits. So an outage of a minute meets the same tries as in a minute, on a slow machine too.
 */
export class LeapingClock implements Clock {
  /** Whether everything only waits. Nothing leaps before it is set. */
  isStill: () => boolean = () => false;
  #offset = -BEHIND_MILLISECONDS;
  #pending: Entry[] = [];
  #still = 0;
  readonly #ticker = setInterval(() => this.#tick(), TICK_MILLISECONDS);

  now(): Date {
    return new Date(this.#milliseconds());
  }

  after(milliseconds: number, callback: () => void): Timer {
    const entry = { at: this.#milliseconds() + milliseconds, callback };
    this.#pending.push(entry);
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((other) => other !== entry);
      },
    };
  }

  close(): void {
    clearInterval(this.#ticker);
    this.#pending = [];
  }

  #milliseconds(): number {
    return Date.now() + this.#offset;
  }

  #tick(): void {
    if (this.#fire()) return;
    this.#still = this.isStill() ? this.#still + 1 : 0;
    if (this.#still < STILL_TICKS) return;
    const leap = Math.min(...this.#pending.map(({ at }) => at)) - this.#milliseconds();
    if (leap > LONGEST_LEAP_MILLISECONDS) return;
    this.#offset += leap;
    this.#fire();
  }

  /** What is due, in the order of its time; whether there was any. */
  #fire(): boolean {
    const now = this.#milliseconds();
    const due = this.#pending.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
    if (due.length === 0) return false;
    this.#still = 0;
    this.#pending = this.#pending.filter(({ at }) => at > now);
    for (const { callback } of due) callback();
    return true;
  }
}
