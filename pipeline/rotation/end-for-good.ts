import { AWSPENDING } from '../contracts/labels.ts';
import type { RotationFunction } from './rotation-function.ts';
import { isCurrent, isPending } from './version-labels.ts';

/**
 * A step that another try does not help ends its rotation by the labels alone: AWSPENDING is detached from its own candidate.
 * The workflow's next look finds that the rotation has ended without a promotion, Secrets Manager's further attempts are
 * refused, and the next rotation may begin. The in-flight label stays: the workflow's Abandon cleans the target up.
 */
export async function endForGood(
  { store }: Pick<RotationFunction, 'store'>,
  { secretArn, token }: { readonly secretArn: string; readonly token: string },
): Promise<void> {
  const secret = await store.describe(secretArn);
  // Secrets Manager itself takes AWSPENDING from a version that it has promoted.
  if (!isPending(secret, token) || isCurrent(secret, token)) return;
  await store.moveStage({ secretArn: secret.arn, stage: AWSPENDING, from: token });
}
