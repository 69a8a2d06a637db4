import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import type { SecretSettings } from '../../pipeline/contracts/settings/secret.ts';
import type { DeployedPipeline } from '../aws/deployed-pipeline.ts';
import { readStory } from '../aws/read-history.ts';
import { judgeStatus, type SecretFacts, type SecretStatus } from './judge-status.ts';

/** Enough to meet the last outcome behind a few checks and laggards. */
const EVENTS = 40;

export async function readSecretStatus(
  pipeline: DeployedPipeline,
  settings: SecretSettings,
  now: Date,
): Promise<SecretStatus> {
  const facts = await readFacts(pipeline, settings.name);
  const query = { table: pipeline.description.historyTableName, newestFirst: true, limit: EVENTS };
  const events = facts ? await readStory(await pipeline.clients.dynamodb(), { ...query, secretArn: facts.arn }) : [];
  return judgeStatus(settings, facts, events, now);
}

/** Undefined where Secrets Manager knows no such secret. */
async function readFacts(pipeline: DeployedPipeline, secretId: string): Promise<SecretFacts | undefined> {
  const secretsManager = await pipeline.clients.secretsManager();
  try {
    const answer = await secretsManager.send(new DescribeSecretCommand({ SecretId: secretId }));
    return {
      arn: answer.ARN ?? secretId,
      isDeleted: answer.DeletedDate !== undefined,
      rotationEnabled: answer.RotationEnabled ?? false,
      lastRotatedAt: answer.LastRotatedDate,
      lastChangedAt: answer.LastChangedDate,
      nextRotationAt: answer.NextRotationDate,
      stagesByVersion: answer.VersionIdsToStages ?? {},
    };
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}
