import { AWSCURRENT } from '../contracts/labels.ts';
import { PayloadInvalid } from '../rotators/errors.ts';
import type { SecretVersion, VerifiedVersions } from '../rotators/rotator.ts';
import { SecretUnusable, StepRefused } from './errors.ts';
import {
  openRotation,
  type RotationFunction,
  readVersion,
  requireVersion,
  type UnguardedRotation,
} from './rotation-function.ts';
import { standingOfVerification } from './version-relations.ts';

/** What a verification function works with: nothing of it writes. */
export type VerificationFunction = Pick<RotationFunction, 'store' | 'rotator' | 'readSettings' | 'now'>;

interface Request {
  readonly secretArn: string;
  readonly versionId: string;
  readonly previousVersionId?: string | undefined;
}

/**
 * A previous version that does not parse is no reason to look away from AWSCURRENT: it is left out, and `unreadablePrevious` says why.
 * @throws StepRefused where AWSCURRENT has moved on: what was asked is not the case any more. VersionsUnrelated for other versions
 */
export async function openVerification(
  rotationFunction: VerificationFunction,
  request: Request,
): Promise<{
  rotation: UnguardedRotation;
  versions: VerifiedVersions<unknown>;
  unreadablePrevious?: PayloadInvalid | SecretUnusable;
}> {
  const secret = await rotationFunction.store.describe(request.secretArn);
  const versions = { current: request.versionId, previous: request.previousVersionId };
  if (standingOfVerification(secret, versions) === 'moved-on') {
    const current = secret.versionWith(AWSCURRENT);
    throw new StepRefused(
      `${secret.name}: AWSCURRENT is on version ${current ?? 'none'}, not on ${request.versionId}. Look again.`,
    );
  }
  const settings = await rotationFunction.readSettings(secret.arn);
  const rotation = openRotation({
    secretArn: secret.arn,
    secretName: secret.name,
    token: request.versionId,
    settings: settings.rotator,
  });
  const { previous, unreadablePrevious } = await readPrevious(rotationFunction, secret.arn, request.previousVersionId);
  return {
    rotation,
    versions: {
      current: await requireVersion(rotationFunction, secret.arn, request.versionId),
      ...(previous && { previous }),
    },
    ...(unreadablePrevious && { unreadablePrevious }),
  };
}

/** What Secrets Manager or KMS refuse for now is not caught: it says nothing of the value. */
async function readPrevious(
  rotationFunction: VerificationFunction,
  secretArn: string,
  versionId: string | undefined,
): Promise<{ previous?: SecretVersion<unknown>; unreadablePrevious?: PayloadInvalid | SecretUnusable }> {
  if (!versionId) return {};
  try {
    const previous = await readVersion(rotationFunction, secretArn, versionId);
    return previous ? { previous } : {};
  } catch (error) {
    if (error instanceof PayloadInvalid || error instanceof SecretUnusable) return { unreadablePrevious: error };
    throw error;
  }
}
