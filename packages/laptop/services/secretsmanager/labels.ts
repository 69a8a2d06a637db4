import { AwsError } from '../../cloud.ts';
import { type Secret, type SecretState, type Version, versionWith } from './state.ts';

const MOST_LABELS = 20;
const MOST_UNLABELLED_VERSIONS = 100;
const DAY_MILLISECONDS = 86_400_000;

/**
 * Attaches labels to a version, taking each from wherever it was. AWSCURRENT leaves AWSPREVIOUS on the version that it
 * was taken from. Versions without labels are pruned above about a hundred, never younger than a day.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
 */
export function attachStages(state: SecretState, secret: Secret, version: Version, stages: Iterable<string>): void {
  const wanted = [...stages].filter((stage) => !version.stages.has(stage));
  refuseTooManyLabels(secret, wanted);
  for (const stage of wanted) {
    const holder = versionWith(secret, stage);
    holder?.stages.delete(stage);
    version.stages.add(stage);
    announce(state, secret, stage, version);
    if (stage !== 'AWSCURRENT' || !holder) continue;
    versionWith(secret, 'AWSPREVIOUS')?.stages.delete('AWSPREVIOUS');
    holder.stages.add('AWSPREVIOUS');
  }
  prune(state, secret);
}

export function detachStage(state: SecretState, secret: Secret, version: Version, stage: string): void {
  version.stages.delete(stage);
  prune(state, secret);
}

/**
 * Sent when a label moves to a version, without CloudTrail, on the default bus, "for all labels except AWSPENDING and
 * AWSPREVIOUS".
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/event-detail-secret-label-updated-secretsmanager.html
 */
function announce(state: SecretState, secret: Secret, stage: string, version: Version): void {
  if (stage === 'AWSPENDING' || stage === 'AWSPREVIOUS') return;
  state.cloud.publish({
    source: 'aws.secretsmanager',
    detailType: 'Secret Label Updated',
    resources: [secret.arn],
    region: secret.region,
    detail: { name: secret.name, labelUpdated: stage, versionId: version.versionId },
  });
}

/** https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html: over all versions of a secret */
function refuseTooManyLabels(secret: Secret, wanted: string[]): void {
  const attached = new Set([...secret.versions.values()].flatMap(({ stages }) => [...stages]));
  const added = wanted.filter((stage) => !attached.has(stage));
  if (added.length === 0 || attached.size + added.length <= MOST_LABELS) return;
  throw new AwsError(
    'LimitExceededException',
    `You have exceeded the maximum number of staging labels (${MOST_LABELS}) for secret ${secret.name}: ${added.join(', ')} not attached.`,
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
