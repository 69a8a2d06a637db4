import { AWSCURRENT } from '../contracts/labels.ts';
import type { Step } from './rotation-function.ts';
import { currentVersionId } from './secret-store.ts';

/**
 * Promotes: moves AWSCURRENT to the candidate, naming the version that it was seen on, so that a writer who came
 * between is not overwritten. Secrets Manager then drops AWSPENDING by itself and sets AWSPREVIOUS.
 */
export async function finishSecret({ rotationFunction, secret, rotation }: Step): Promise<void> {
  await rotationFunction.store.moveStage({
    secretArn: secret.arn,
    stage: AWSCURRENT,
    to: rotation.token,
    from: currentVersionId(secret),
  });
}
