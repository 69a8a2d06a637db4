import { AwsError } from '../../service.ts';
import { type Secret, type SecretState, type Version, versionWith } from './state.ts';

const MOST_LABELS = 20;
const MOST_UNLABELLED_VERSIONS = 100;
const DAY_MILLISECONDS = 86_400_000;

/**
 * Attaches labels to a version, taking each from wherever it was. AWSCURRENT leaves AWSPREVIOUS on the version that it
 * was taken from. Every label that moved is an event. Versions without labels are pruned above about a hundred, never
 * younger than a day. https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
 */
export function attachStages(state: SecretState, secret: Secret, version: Version, stages: Iterable<string>): void {
  for (const stage of stages) {
    const holder = versionWith(secret, stage);
    if (holder === version) continue;
    refuseTooManyLabels(secret, stage, holder);
    holder?.stages.delete(stage);
    version.stages.add(stage);
    announce(state, secret, stage, version);
    if (stage === 'AWSCURRENT' && holder) {
      versionWith(secret, 'AWSPREVIOUS')?.stages.delete('AWSPREVIOUS');
      holder.stages.add('AWSPREVIOUS');
      announce(state, secret, 'AWSPREVIOUS', holder);
    }
  }
  prune(state, secret);
}

export function detachStage(state: SecretState, secret: Secret, version: Version, stage: string): void {
  version.stages.delete(stage);
  prune(state, secret);
}

/** Without CloudTrail, on the default bus. https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-eventbridge.html */
function announce(state: SecretState, secret: Secret, stage: string, version: Version): void {
  state.cloud.publish({
    source: 'aws.secretsmanager',
    detailType: 'Secret Label Updated',
    resources: [secret.arn],
    region: secret.region,
    detail: { name: secret.name, labelUpdated: stage, versionId: version.versionId },
  });
}

function refuseTooManyLabels(secret: Secret, stage: string, holder: Version | undefined): void {
  if (holder) return;
  const labels = [...secret.versions.values()].reduce((sum, version) => sum + version.stages.size, 0);
  if (labels < MOST_LABELS) return;
  throw new AwsError(
    'LimitExceededException',
    `You have exceeded the maximum number of staging labels (${MOST_LABELS}) for secret ${secret.name}: ${stage} was not attached.`,
  );
}

function prune(state: SecretState, secret: Secret): void {
  const now = state.cloud.clock.now().getTime();
  for (const version of [...secret.versions.values()]) {
    // An empty version that lost its label was only a placeholder of RotateSecret.
    if (version.stages.size === 0 && version.value === undefined) secret.versions.delete(version.versionId);
  }
  const unlabelled = [...secret.versions.values()].filter((version) => version.stages.size === 0);
  const surplus = unlabelled.length - MOST_UNLABELLED_VERSIONS;
  for (const version of unlabelled.slice(0, Math.max(0, surplus))) {
    if (now - version.createdAt.getTime() >= DAY_MILLISECONDS) secret.versions.delete(version.versionId);
  }
}
