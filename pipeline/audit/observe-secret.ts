import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import {
  DescribeSecretCommand,
  type DescribeSecretCommandOutput,
  ListSecretVersionIdsCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { GetParameterHistoryCommand, type SSMClient } from '@aws-sdk/client-ssm';
import * as v from 'valibot';
import { VerifyAnswer } from '../contracts/audit.ts';
import { AWSCURRENT, AWSPREVIOUS } from '../contracts/labels.ts';
import { parse } from '../contracts/parse.ts';
import type { SecretSettings } from '../contracts/settings/secret.ts';
import { settingsParameterName } from '../contracts/settings/settings-parameter.ts';
import { consumerStateOf } from '../history/consumer-state.ts';
import { readRow } from '../history/story-rows.ts';
import { describeAnswer, type SecretDescription } from '../rotation/secret-store.ts';
import {
  candidateVersionId,
  hasFailed,
  isInFlight,
  isPending,
  unretiredVersionId,
} from '../rotation/version-labels.ts';
import { AskedInVain, ask } from './ask-function.ts';
import type { ObservedConsumer, ObservedMirror, ObservedSecret, Story } from './observed.ts';
import { newestOf, readVersions, storyOf } from './read-story.ts';
import type { RunningExecutions } from './running-executions.ts';

export interface Observer {
  readonly secretsManager: Pick<SecretsManagerClient, 'send'>;
  readonly ssm: Pick<SSMClient, 'send'>;
  readonly dynamodb: Pick<DynamoDBClient, 'send'>;
  readonly lambda: Pick<LambdaClient, 'send'>;
  readonly settingsPrefix: string;
  readonly historyTableName: string;
  readonly compareMirrorFunctionArn: string;
  /** Of each kind that the pipeline rotates. */
  readonly verifyFunctionArns: Readonly<Partial<Record<string, string>>>;
  /** Asked for once for all secrets. */
  readonly running: RunningExecutions;
  now(): Date;
  sleep(milliseconds: number): Promise<unknown>;
}

/** As many as the dashboard reads: both see the same. */
const STORY_ROWS = 60;

/** From the moment that the target refuses a retired credential until the rotation is closed. */
const CLOSING_MILLISECONDS = 3_000;

/**
 * Looks at one secret: labels and dates always; versions, settings' history and retirement evidence only where something is
 * suspicious, so that an audit of thousands stays cheap. Reads only.
 * @throws what Secrets Manager throws for a secret that is gone
 */
export async function observeSecret(observer: Observer, settings: SecretSettings): Promise<ObservedSecret> {
  const answer = await observer.secretsManager.send(new DescribeSecretCommand({ SecretId: settings.name }));
  const secret = describeAnswer(settings.name, answer);
  const current = secret.versionWith(AWSCURRENT);
  const stuck = candidateVersionId(secret);
  const isRotating = [stuck, current].some((id) => id !== undefined && observer.running.isRotating(id));
  const items = await newestOf(observer.dynamodb, observer.historyTableName, secret.arn);
  const story = storyOf(readVersions(items), current);
  const madeAt = await versionDates(observer, secret, { stuck: isRotating ? undefined : stuck, current, story });
  // Listed without the candidate: either it has no date, or it lost its label between the two looks.
  if (stuck && madeAt && !madeAt.has(stuck) && !(await isStillPending(observer, settings, stuck)))
    return observeSecret(observer, settings);
  const observed: ObservedSecret = {
    settings,
    secret,
    dates: {
      createdAt: answer.CreatedDate,
      lastRotatedAt: answer.LastRotatedDate,
      nextRotationAt: answer.NextRotationDate,
      currentMadeAt: current === undefined ? undefined : madeAt?.get(current),
      managedSince: await managedSince(observer, settings, answer, story),
    },
    isRotating,
    isRetiring: current !== undefined && observer.running.isRetiring(current),
    ...(stuck && { pendingSince: madeAt?.get(stuck) }),
    story,
    consumers: isRotating || current === undefined ? [] : consumersOf(observer, settings, items, current),
    target: isRotating ? undefined : await verify(observer, settings, secret),
    mirrors: isRotating ? [] : await compareMirrors(observer, settings, secret, answer),
  };
  return observed;
}

function consumersOf(
  { now }: Pick<Observer, 'now'>,
  { consumers }: SecretSettings,
  items: readonly unknown[],
  versionId: string,
): ObservedConsumer[] {
  const story = items.slice(0, STORY_ROWS).flatMap(readRow);
  return consumers.map(({ name }) => ({ name, state: consumerStateOf(name, story, { versionId, now: now() }) }));
}

async function isStillPending(observer: Observer, { name }: SecretSettings, versionId: string): Promise<boolean> {
  const answer = await observer.secretsManager.send(new DescribeSecretCommand({ SecretId: name }));
  return isPending(describeAnswer(name, answer), versionId);
}

/** Who still uses the previous credential. Asked for the few whose retirement is overdue. */
export async function gatherBlockers(
  observer: Observer,
  { settings, secret, story }: ObservedSecret,
): Promise<string[]> {
  const versionId = secret.versionWith(AWSCURRENT);
  const previousVersionId = secret.versionWith(AWSPREVIOUS);
  const verifyFunctionArn = observer.verifyFunctionArns[settings.kind];
  if (!versionId || !previousVersionId || !verifyFunctionArn) return [];
  const promotedAt = (story.promotedAt ?? secret.lastChangedAt ?? new Date(0)).toISOString();
  const request = { operation: 'Verify', secretArn: secret.arn, versionId, previousVersionId, promotedAt };
  const answer = parse('The verification', VerifyAnswer, await ask(observer.lambda, verifyFunctionArn, request));
  return answer.blockers ?? [];
}

/** ListSecretVersionIds has 50 calls a second for all of the account: only for what labels alone do not explain. */
async function versionDates(
  observer: Observer,
  secret: SecretDescription,
  { stuck, current, story }: { stuck?: string; current?: string; story: Story },
): Promise<Map<string, Date> | undefined> {
  const isUntold = current !== undefined && story.believedVersionId !== current && !isInFlight(secret, current);
  if (!stuck && !(isUntold && secret.versionWith(AWSPREVIOUS))) return undefined;
  const dates = new Map<string, Date>();
  let nextToken: string | undefined;
  do {
    const page = await observer.secretsManager.send(
      new ListSecretVersionIdsCommand({ SecretId: secret.arn, NextToken: nextToken }),
    );
    for (const { VersionId, CreatedDate } of page.Versions ?? []) {
      if (VersionId && CreatedDate) dates.set(VersionId, CreatedDate);
    }
    nextToken = page.NextToken;
  } while (nextToken);
  return dates;
}

/** The first version of the settings: what is older was there before the pipeline was. Asked where nothing else says so. */
async function managedSince(
  observer: Observer,
  settings: SecretSettings,
  { LastRotatedDate: lastRotatedAt }: DescribeSecretCommandOutput,
  story: Story,
): Promise<Date | undefined> {
  if (lastRotatedAt && story.believedVersionId) return undefined;
  const name = settingsParameterName(observer.settingsPrefix, settings.name);
  const answer = await observer.ssm.send(new GetParameterHistoryCommand({ Name: name, MaxResults: 1 }));
  return answer.Parameters?.[0]?.LastModifiedDate;
}

async function verify(
  observer: Observer,
  settings: SecretSettings,
  secret: SecretDescription,
): Promise<ObservedSecret['target']> {
  const versionId = secret.versionWith(AWSCURRENT);
  const verifyFunctionArn = observer.verifyFunctionArns[settings.kind];
  if (!settings.rotated || !versionId || !verifyFunctionArn) return undefined;
  // What a roll-back would go back to, also where it was never to be retired.
  const previousVersionId = hasFailed(secret, versionId) ? secret.versionWith(AWSPREVIOUS) : unretiredVersionId(secret);
  const request = {
    operation: 'Verify',
    secretArn: secret.arn,
    versionId,
    ...(previousVersionId && { previousVersionId }),
  };
  try {
    const verdict = parse('The verification', VerifyAnswer, await ask(observer.lambda, verifyFunctionArn, request));
    return await unlessRetiredMeanwhile(observer, { secret, versionId, verdict });
  } catch (error) {
    if (!(error instanceof AskedInVain)) throw error;
    return verdictOf(error);
  }
}

/**
 * A retirement that is at its last step is no drift: a moment later it has closed the rotation. A value that nothing can read
 * stays so.
 */
async function unlessRetiredMeanwhile(
  { secretsManager, sleep }: Observer,
  { secret, versionId, verdict }: { secret: SecretDescription; versionId: string; verdict: VerifyAnswer },
): Promise<VerifyAnswer> {
  if (!verdict.supported || verdict.previous?.works !== false || verdict.previous.isUnreadable) return verdict;
  await sleep(CLOSING_MILLISECONDS);
  const answer = await secretsManager.send(new DescribeSecretCommand({ SecretId: secret.arn }));
  if (isInFlight(describeAnswer(secret.name, answer), versionId)) return verdict;
  const { previous: _retired, ...rest } = verdict;
  return rest;
}

/** 1. AWSCURRENT moved on while it was asked. 2. A value that does not parse works for no consumer. 3. No verdict. */
function verdictOf({ errorType, message }: AskedInVain): ObservedSecret['target'] {
  if (errorType === 'StepRefused') return undefined;
  if (errorType !== 'PayloadInvalid') return { unreachable: message };
  return {
    supported: true,
    current: { works: false, reason: message, isUnreadable: true },
    findings: [],
    repairable: [],
  };
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicationStatusType.html */
async function compareMirrors(
  observer: Observer,
  settings: SecretSettings,
  secret: SecretDescription,
  answer: DescribeSecretCommandOutput,
): Promise<ObservedMirror[]> {
  const versionId = secret.versionWith(AWSCURRENT);
  if (!versionId) return [];
  const compared: ObservedMirror[] = [];
  for (const mirror of settings.mirrors) {
    const request = { secretArn: secret.arn, versionId, mirror };
    const name = mirror.to === 'replica' ? mirror.region : mirror.parameterName;
    const { inStep, reason } = parse(
      'The comparison',
      v.object({ inStep: v.boolean(), reason: v.optional(v.string()) }),
      await ask(observer.lambda, observer.compareMirrorFunctionArn, request),
    );
    const replica = answer.ReplicationStatus?.find(({ Region }) => Region === name);
    const isOurs = replica !== undefined && replica.Status !== 'Failed';
    compared.push({ mirror: name, to: mirror.to, isOurs, ...(!inStep && { reason: reason ?? 'It is not in step.' }) });
  }
  return compared;
}
