import { CheckRequest, type CheckVerdict } from '../contracts/check.ts';
import { InputInvalid, parse } from '../contracts/parse.ts';
import type { CheckSettings } from '../contracts/settings/secret.ts';
import { PayloadInvalid } from '../rotators/errors.ts';
import type { Check } from './check.ts';
import { CheckFailed } from './errors.ts';

/** The checks that one function runs, by type. */
export type Checks = Partial<Record<CheckSettings['type'], Check<any>>>;

/** An execution that began before an update reads `ok`: without it, it would take every verdict for a pass. */
type Answer = CheckVerdict & { readonly ok: boolean };

/**
 * Runs one check and answers its verdict. Only what was found out about the credential is one: a refusal, a target that is
 * not what it must be, a value that does not parse. Anything else is thrown, for the caller to try again: a check that
 * cannot have reached the credential never fails.
 */
export async function runCheck(checks: Checks, input: unknown, now: () => Date): Promise<Answer> {
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
    return { outcome: 'passed', ok: true, durationMilliseconds: durationMilliseconds(), ...observation };
  } catch (error) {
    if (!(error instanceof CheckFailed || error instanceof PayloadInvalid)) throw error;
    const { code, message: cause } = error;
    return { outcome: 'failed', ok: false, durationMilliseconds: durationMilliseconds(), code, cause };
  }
}
