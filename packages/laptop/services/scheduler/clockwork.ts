import type { Cloud } from '../../cloud.ts';
import { deliver } from './delivery.ts';
import type { Schedule, SchedulerState } from './state.ts';
import { minuteAfter, nextRun, parseTiming } from './timing.ts';

const MINUTE_MILLISECONDS = 60_000;

/** Runs schedules when they are due. */
export class Clockwork {
  readonly #cloud: Cloud;
  readonly #state: SchedulerState;
  #running = new AbortController();

  constructor(cloud: Cloud, state: SchedulerState) {
    this.#cloud = cloud;
    this.#state = state;
  }

  /** Sets a new or changed schedule going, or stops it when it is disabled. May be called again. */
  arm(schedule: Schedule): void {
    this.disarm(schedule);
    this.#armAfter(schedule, this.#cloud.clock.now());
  }

  disarm(schedule: Schedule): void {
    schedule.timer?.cancel();
    schedule.timer = undefined;
    schedule.nextRun = undefined;
  }

  /** Calls the target now, whatever the schedule's expression and state; its next run stays as it is. */
  async fire(schedule: Schedule): Promise<void> {
    await deliver(this.#cloud, schedule, this.#cloud.clock.now(), this.#running.signal);
  }

  /** Stops every timer and every delivery that waits for its next attempt. */
  stop(): void {
    this.#running.abort(new Error('the scheduler was stopped'));
    this.#running = new AbortController();
    for (const schedule of this.#state.schedules()) this.disarm(schedule);
  }

  #armAfter(schedule: Schedule, after: Date): void {
    if (schedule.input.State === 'DISABLED') return;
    const window = windowMilliseconds(schedule);
    const now = this.#cloud.clock.now().getTime();
    // What was due while the machine slept is left out.
    const earliest = Math.max(after.getTime(), now - window - MINUTE_MILLISECONDS);
    const next = nextOf(schedule, new Date(earliest));
    schedule.nextRun = next;
    if (!next) return;
    const late = window === 0 ? 0 : Math.floor(this.#cloud.random() * window);
    schedule.timer = this.#cloud.clock.after(Math.max(next.getTime() + late - now, 0), () => {
      this.#armAfter(schedule, next);
      this.#run(schedule, next).catch((error) =>
        this.#cloud.log(`scheduler: ${schedule.arn}: ${error instanceof Error ? error.stack : error}`),
      );
    });
  }

  async #run(schedule: Schedule, scheduledTime: Date): Promise<void> {
    const { signal } = this.#running;
    await deliver(this.#cloud, schedule, scheduledTime, signal);
    const isComplete = !signal.aborted && schedule.nextRun === undefined;
    if (isComplete && schedule.input.ActionAfterCompletion === 'DELETE' && schedule.input.State !== 'DISABLED') {
      schedule.group.schedules.delete(schedule.name);
    }
  }
}

function windowMilliseconds({ input }: Schedule): number {
  const { Mode, MaximumWindowInMinutes = 0 } = input.FlexibleTimeWindow;
  return Mode === 'OFF' ? 0 : MaximumWindowInMinutes * MINUTE_MILLISECONDS;
}

function nextOf(schedule: Schedule, after: Date): Date | undefined {
  const { ScheduleExpression, ScheduleExpressionTimezone = 'UTC', StartDate, EndDate } = schedule.input;
  const timing = parseTiming(ScheduleExpression, ScheduleExpressionTimezone);
  if (!timing) throw new TypeError(`${schedule.arn} has the expression ${ScheduleExpression}, which is none.`);
  const bounds = {
    anchor: minuteAfter(schedule.modifiedAt),
    ...(StartDate ? { startDate: StartDate } : {}),
    ...(EndDate ? { endDate: EndDate } : {}),
  };
  return nextRun(timing, bounds, after);
}
