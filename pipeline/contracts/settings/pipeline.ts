import * as v from 'valibot';
import { AccountId } from '../grammar/aws-names.ts';
import { RequesterArn } from '../grammar/requester-arn.ts';

/** Of the pipeline, as manifests and constructs write it. It begins the names of state machines, of 80 characters at the most. */
export const PipelineName = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9-]{0,30}$/, 'lower-case letters, digits and hyphens, 31 at most, a letter first'),
);

/** What names a pipeline and what it reaches. */
export const PipelineNames = v.object({
  pipelineName: PipelineName,
  crossAccount: v.array(AccountId),
  requesters: v.optional(v.array(RequesterArn), []),
});

const text = v.pipe(v.string(), v.nonEmpty());
const arn = v.pipe(v.string(), v.startsWith('arn:'));

/** What a deployed pipeline says of itself, in one parameter, for callers that look for it by its name. */
export const PipelineDescription = v.object({
  schemaVersion: v.literal(1),
  pipelineName: text,
  historyTableName: text,
  rotateSecretArn: arn,
  rotateFleetArn: arn,
  retireCredentialArn: arn,
  propagateSecretArn: arn,
  /** Answers what is not as it should be: `doctor` asks it. */
  auditFunctionArn: v.optional(arn),
  alarmTopicArn: arn,
});
export type PipelineDescription = v.InferOutput<typeof PipelineDescription>;

/** Under this the settings of each managed secret lie. */
export function settingsPrefixOf(pipelineName: string): string {
  return `/keyturn/${pipelineName}`;
}

/** Beside the settings, not among them: pipeline names hold no dot, so this is no other pipeline's prefix. */
export function pipelineParameterName(pipelineName: string): string {
  return `${settingsPrefixOf(pipelineName)}.pipeline`;
}
