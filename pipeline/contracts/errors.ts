/**
 * The base of every error that Keyturn throws. One class per kind, each with a stable code that ends up in events,
 * executions and alarms. The message says what was expected, what came and what to do; never a secret's value.
 *
 * @example
 * ```ts
 * import { KeyturnError, readManifest } from 'keyturn';
 *
 * try {
 *   readManifest('keyturn.json');
 * } catch (error) {
 *   if (!(error instanceof KeyturnError)) throw error;
 *   console.error(error.code, error.message);
 * }
 * ```
 */
export abstract class KeyturnError extends Error {
  abstract readonly code: string;
  /** Whether trying the same thing again may succeed. Step Functions retries only what says so. */
  readonly retryable: boolean = false;

  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    // Step Functions matches a Lambda error's `name`. The code is it, so that minified bundles keep it too.
    Object.defineProperty(this, 'name', { get: () => this.code, configurable: true });
  }
}
