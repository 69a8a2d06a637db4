import * as v from 'valibot';

const text = v.pipe(v.string(), v.nonEmpty());
const arn = v.pipe(v.string(), v.startsWith('arn:'));

/** What a deployed pipeline says of itself, in one parameter, to whoever looks for it by its name. */
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
