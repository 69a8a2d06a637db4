import { AWSPREVIOUS } from '../contracts/labels.ts';
import { PayloadInvalid } from '../rotators/errors.ts';
import type { CandidateVersions, SecretVersion } from '../rotators/rotator.ts';
import { readVersion, requireVersion, type Step } from './rotation-function.ts';
import { currentVersionId } from './version-labels.ts';

/** Makes the target accept the candidate beside the current credential. */
export async function setSecret(step: Step): Promise<void> {
  await step.rotationFunction.rotator.set(step.rotation, await candidateVersions(step));
}

/** The versions that set and test work on. AWSPREVIOUS is read only where the strategy may fall back to it. */
export async function candidateVersions({
  rotationFunction,
  secret,
  rotation,
}: Step): Promise<CandidateVersions<unknown>> {
  const pending = await requireVersion(rotationFunction, secret.arn, rotation.token);
  const current = await requireVersion(rotationFunction, secret.arn, currentVersionId(secret));
  const previousId = secret.versionWith(AWSPREVIOUS);
  if (!previousId || !rotationFunction.rotator.usesPrevious?.(rotation.settings)) return { current, pending };
  const previous = await readFallback(rotationFunction, secret.arn, previousId);
  return { current, pending, ...(previous && { previous }) };
}

/** A value of before that is no payload (the address was attached to the secret later, say) is no fallback either. */
async function readFallback(
  rotationFunction: Step['rotationFunction'],
  secretArn: string,
  versionId: string,
): Promise<SecretVersion<unknown> | undefined> {
  try {
    return await readVersion(rotationFunction, secretArn, versionId);
  } catch (error) {
    if (error instanceof PayloadInvalid) return undefined;
    throw error;
  }
}
