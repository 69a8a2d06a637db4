import { isNamed } from '../../errors.ts';
import { TargetRefused } from '../errors.ts';

/** A call about a secret beside: where its key is a customer's that the function may not use, the error names no secret. */
export async function withKeyNamed<Answer>(
  secretArn: string,
  member: string,
  call: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (!isNamed(error, 'AccessDeniedException') || !/KMS/.test((error as Error).message)) throw error;
    throw new TargetRefused(
      `${secretArn}: its key is a customer's, and the rotation function may not use it (Access to KMS is not allowed). Write the key's ARN as ${member} in the manifest, deploy, and allow the function's role in the key's policy.`,
      { cause: error },
    );
  }
}
