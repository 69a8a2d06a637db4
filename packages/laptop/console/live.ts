import type { RunningCloud } from '../running-cloud.ts';
import type { LambdaService } from '../services/lambda/service.ts';
import type { StatesService } from '../services/states/service.ts';

const LONGEST_WAIT_MILLISECONDS = 10_000;

/**
 * A number that grows whenever something in the cloud has happened that a page may show: a call ended, an environment
 * changed, an execution moved on. Pages wait for it to grow (long polling) and then read what they show.
 */
export class LiveRevision {
  #revision = 1;
  #isAttached = false;
  readonly #waiting = new Set<() => void>();

  constructor(cloud: RunningCloud) {
    cloud.recorder.subscribe(() => this.bump());
  }

  /** From now on environments and executions are heard too. May be called again. */
  attach(cloud: RunningCloud): void {
    if (this.#isAttached) return;
    this.#isAttached = true;
    const lambda = cloud.services.get('lambda') as LambdaService | undefined;
    const states = cloud.services.get('states') as StatesService | undefined;
    lambda?.onEnvironment(() => this.bump());
    states?.executions.listen(() => this.bump());
  }

  get revision(): number {
    return this.#revision;
  }

  bump(): void {
    this.#revision += 1;
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves with the revision as soon as it is greater than `after`, or when the wait has been long enough. */
  async wait(after: number, signal: AbortSignal): Promise<number> {
    if (this.#revision > after || signal.aborted) return this.#revision;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, LONGEST_WAIT_MILLISECONDS);
      timer.unref();
      this.#waiting.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
    return this.#revision;
  }
}
