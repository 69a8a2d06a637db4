import type { CheckType } from '../pipeline/contracts/check-types.ts';

/**
 * A check as a stack declares it: docs/checks.md.
 *
 * @example
 * { name: 'login', type: 'http', parameters: { url: 'https://shop.example/login', expectedStatus: 405 } }
 */
export interface CheckProps {
  /** What events and notices call it. */
  readonly name: string;
  /** What it does; `function` for a check that you bring. */
  readonly type: CheckType;
  /**
   * `function` only: the check that you bring.
   * @default - the pipeline's own function for this type
   */
  readonly functionArn?: string;
  /**
   * What the check needs to know: docs/checks.md.
   * @default - nothing
   */
  readonly parameters?: Record<string, unknown>;
}
