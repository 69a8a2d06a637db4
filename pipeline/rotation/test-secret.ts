import type { Step } from './rotation-function.ts';
import { candidateVersions } from './set-secret.ts';

/** Proves that the candidate works, as a consumer would use it. */
export async function testSecret(step: Step): Promise<void> {
  await step.rotationFunction.rotator.test(step.rotation, await candidateVersions(step));
}
