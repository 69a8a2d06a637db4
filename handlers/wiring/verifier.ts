import type { VerificationFunction } from '../../pipeline/rotation/open-verification.ts';
import { serveVerification } from '../../pipeline/rotation/verify.ts';
import { environmentText, readEnvironment } from './environment.ts';
import { openKind, type ServedKind } from './served-kind.ts';
import { describeError, writeLog } from './write-log.ts';

/** The Lambda handler of one secret kind's verification function. It has no way to write: neither code nor rights. */
export function verifierHandler<Payload, Settings>(
  kind: ServedKind<Payload, Settings>,
): (event: unknown) => Promise<unknown> {
  const { KEYTURN_SETTINGS_PREFIX: prefix } = readEnvironment({ KEYTURN_SETTINGS_PREFIX: environmentText });
  const verification = openKind(kind, prefix);
  return async (event) => {
    try {
      return await serveVerification(verification as VerificationFunction, event);
    } catch (error) {
      writeLog('ERROR', 'The verification function failed.', { error: describeError(error) });
      throw error;
    }
  };
}
