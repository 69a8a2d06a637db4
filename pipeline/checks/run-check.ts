import { CheckRequest, type CheckVerdict } from '../contracts/check.ts';
import { InputInvalid, parse } from '../contracts/parse.ts';
import type { CheckSettings } from '../contracts/settings/secret.ts';
import { KeyturnError } from '../errors.ts';
import type { Check } from './check.ts';

/** The checks that one function runs, by type. */
export type Checks = Partial<Record<CheckSettings['type'], Check<any>>>;

/**
 * Runs one check and answers its verdict. What another try would find again is a verdict, settings that nobody can read
 * included; what may pass is thrown, for the caller to try again.
 */
export async function runCheck(checks: Checks, input: unknown, now: () => Date): Promise<CheckVerdict> {
  const startedAt = now().getTime();
  const durationMilliseconds = () => now().getTime() - startedAt;
  try {
    const { check: settings, ...subject } = parse('The check request', CheckRequest, input);
    const check = checks[settings.type];
    if (!check) {
      const known = Object.keys(checks).join(' or ');
      throw new InputInvalid('The check request', [`check.type: expected ${known}, came ${settings.type}`]);
    }
    const parameters = parse(`The parameters of check ${settings.name}`, check.parameters, settings.parameters);
    const observation = await check.run(subject, parameters);
    return { ok: true, durationMilliseconds: durationMilliseconds(), ...observation };
  } catch (error) {
    if (!(error instanceof KeyturnError) || error.retryable) throw error;
    const { code } = error as { code: string };
    return { ok: false, durationMilliseconds: durationMilliseconds(), code, cause: error.message };
  }
}
