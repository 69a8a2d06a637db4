import type { Clock, Timer } from '../../clock.ts';
import { AwsError } from '../../service.ts';
import { StatesError } from './interpreter/errors.ts';

interface Waiting {
  resolve(output: unknown): void;
  reject(error: Error): void;
  beat(): void;
}

/** Tasks that wait for somebody to answer their token. */
export class TaskTokens {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  reset(): void {
    this.#waiting.clear();
  }

  wait(token: string, signal: AbortSignal, heartbeatSeconds: number | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      const done = () => {
        timer?.cancel();
        this.#waiting.delete(token);
      };
      const beat = () => {
        timer?.cancel();
        if (heartbeatSeconds === undefined) return;
        timer = this.#clock.after(heartbeatSeconds * 1000, () => {
          done();
          reject(new StatesError('States.HeartbeatTimeout', ''));
        });
      };
      this.#waiting.set(token, {
        resolve: (output) => {
          done();
          resolve(output);
        },
        reject: (error) => {
          done();
          reject(error);
        },
        beat,
      });
      signal.addEventListener(
        'abort',
        () => {
          done();
          reject(signal.reason);
        },
        { once: true },
      );
      beat();
    });
  }

  succeed(token: string, output: string): void {
    this.#require(token).resolve(JSON.parse(output));
  }

  fail(token: string, error: string | undefined, cause: string | undefined): void {
    this.#require(token).reject(new StatesError(error ?? 'States.TaskFailed', cause ?? ''));
  }

  heartbeat(token: string): void {
    this.#require(token).beat();
  }

  #require(token: string): Waiting {
    const waiting = this.#waiting.get(token);
    if (waiting) return waiting;
    throw new AwsError('TaskTimedOut', `Task Timed Out: 'Provided task does not exist anymore'`);
  }
}
