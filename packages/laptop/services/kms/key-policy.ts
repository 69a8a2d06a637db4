import { AwsError } from '../../cloud.ts';
import { checkPolicyDocument } from '../iam/policy-document.ts';

/** A key policy is a resource policy; KMS names what is wrong with it in its own error. */
export async function checkKeyPolicy(text: string): Promise<void> {
  try {
    await checkPolicyDocument(text, 'resource');
  } catch (cause) {
    if (!(cause instanceof AwsError)) throw cause;
    throw new AwsError('MalformedPolicyDocumentException', cause.message, { cause });
  }
}
