import { AwsError } from '../../cloud.ts';
import { JsonFault, parseJson } from '../json-tokens.ts';
import { StatesError } from './interpreter/errors.ts';

interface Waiting {
  resolve(output: unknown): void;
  reject(error: Error): void;
  heartbeat(): void;
}

const TOKEN = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Tasks that wait for an answer to their token. */
export class TaskTokens {
  readonly #waiting = new Map<string, Waiting>();

  reset(): void {
    this.#waiting.clear();
  }

  /** Answers the output that comes with the token; `heartbeat` is called now and at every sign of life. */
  wait(token: string, signal: AbortSignal, heartbeat: () => void): Promise<unknown> {
    heartbeat();
    return new Promise((resolve, reject) => {
      const ending =
        <Value>(end: (value: Value) => void) =>
        (value: Value) => {
          this.#waiting.delete(token);
          end(value);
        };
      const waiting = { resolve: ending(resolve), reject: ending(reject), heartbeat };
      this.#waiting.set(token, waiting);
      signal.addEventListener('abort', () => waiting.reject(signal.reason), { once: true });
    });
  }

  succeed(token: string, output: string): void {
    const waiting = this.#require(token);
    try {
      waiting.resolve(parseJson(output));
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error;
      throw new AwsError('InvalidOutput', `Invalid Output: '${error.reason}'`, { cause: error });
    }
  }

  fail(token: string, error: string | undefined, cause: string | undefined): void {
    this.#require(token).reject(new StatesError(error, cause));
  }

  heartbeat(token: string): void {
    this.#require(token).heartbeat();
  }

  #require(token: string): Waiting {
    const waiting = this.#waiting.get(token);
    if (waiting) return waiting;
    if (!TOKEN.test(token)) throw new AwsError('InvalidToken', "Invalid Token: 'Invalid token'");
    throw new AwsError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
  }
}
