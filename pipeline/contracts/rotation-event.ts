import * as v from 'valibot';

/**
 * What Secrets Manager sends to a rotation function, one invocation a step.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
 */
export const RotationStep = v.picklist(['createSecret', 'setSecret', 'testSecret', 'finishSecret']);
export type RotationStep = v.InferOutput<typeof RotationStep>;

export const RotationEvent = v.object({
  Step: v.pipe(v.string(), v.nonEmpty()),
  SecretId: v.pipe(v.string(), v.nonEmpty()),
  ClientRequestToken: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
  RotationToken: v.optional(v.string()),
});
export type RotationEvent = v.InferOutput<typeof RotationEvent>;

const arn = v.pipe(v.string(), v.startsWith('arn:'));
const versionId = v.pipe(v.string(), v.minLength(1), v.maxLength(64));

/** What the workflow asks of the rotation function, because it alone reaches the target. Named as the Task states are. */
export const WorkflowRequest = v.variant('operation', [
  v.object({
    operation: v.literal('Abandon'),
    secretArn: arn,
    versionId,
  }),
  v.object({
    operation: v.literal('RollBack'),
    secretArn: arn,
    versionId,
    previousVersionId: versionId,
  }),
  v.object({
    operation: v.literal('GatherEvidence'),
    secretArn: arn,
    versionId,
    previousVersionId: versionId,
    promotedAt: v.pipe(v.string(), v.isoTimestamp()),
  }),
  v.object({
    operation: v.literal('Retire'),
    secretArn: arn,
    versionId,
    previousVersionId: versionId,
    promotedAt: v.pipe(v.string(), v.isoTimestamp()),
  }),
  /** Repairs what Verify found under this code. */
  v.object({
    operation: v.literal('Repair'),
    secretArn: arn,
    versionId,
    previousVersionId: v.optional(versionId),
    /** Of a finding. Prepare holds it to the list; the rotator knows what it can repair. */
    code: v.pipe(v.string(), v.nonEmpty()),
  }),
]);
export type WorkflowRequest = v.InferOutput<typeof WorkflowRequest>;
export type WorkflowOperation = WorkflowRequest['operation'];
