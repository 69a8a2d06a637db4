import * as v from 'valibot';

const versionId = v.pipe(v.string(), v.minLength(1), v.maxLength(64));

/** What the audit asks of a verification function, which reads only: do the credentials that are meant to work do so? */
export const VerificationRequest = v.object({
  operation: v.literal('Verify'),
  secretArn: v.pipe(v.string(), v.startsWith('arn:')),
  versionId,
  previousVersionId: v.optional(versionId),
  /** Comes with the previous version: who still uses it? */
  promotedAt: v.optional(v.pipe(v.string(), v.isoTimestamp())),
});
export type VerificationRequest = v.InferOutput<typeof VerificationRequest>;
