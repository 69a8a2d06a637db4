import { ReplicateSecretToRegionsCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DescribeExecutionCommand, type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { Finding, FindingCode, Repair } from '../contracts/audit.ts';
import { AWSPENDING } from '../contracts/labels.ts';
import { convergenceBoundSeconds, type SecretSettings } from '../contracts/settings/secret.ts';
import { KeyturnError } from '../errors.ts';
import { type SecretDescription, SecretStore } from '../rotation/secret-store.ts';
import { candidateVersionId, isCurrent } from '../rotation/version-labels.ts';
import { retirementName } from './running-executions.ts';

/** What was found is not the case any more, so nothing was done. */
export class FindingOutdated extends KeyturnError {
  readonly code = 'FindingOutdated';
}

/** The finding is for a person to mend. */
export class NotRepairable extends KeyturnError {
  readonly code = 'NotRepairable';
}

/** The execution that repairs ended otherwise than well. */
export class RepairFailed extends KeyturnError {
  readonly code = 'RepairFailed';
}

/** A rotation function takes a minute at most, and is tried again. */
const REPAIR_LOOK_MILLISECONDS = 500;
const REPAIR_LOOKS = 1_200;

export interface Repairer {
  readonly secretsManager: SecretsManagerClient;
  readonly states: Pick<SFNClient, 'send'>;
  readonly machines: { rotateSecretArn: string; retireCredentialArn: string; propagateSecretArn: string };
  now(): Date;
  sleep(milliseconds: number): Promise<unknown>;
}

export interface Repaired {
  /** What was done, for whoever asked for it. */
  readonly done: string;
  /** The execution that goes on with it. */
  readonly executionArn?: string;
}

type RepairOf<Action extends Repair['action']> = Extract<Repair, { action: Action }>;

/**
 * Mends one finding, with the rights of whoever asks. Looks first whether it is still the case, and may be called twice:
 * executions are named after what they are about. @throws FindingOutdated | NotRepairable | RepairFailed
 */
export async function repairDrift(repairer: Repairer, finding: Finding, settings: SecretSettings): Promise<Repaired> {
  const { repair } = finding;
  if (!repair) throw new NotRepairable(`${finding.message} There is no repair for it: ${finding.command}`);
  const secret = await new SecretStore(repairer.secretsManager).describe(finding.secretArn);
  switch (repair.action) {
    case 'abandon-candidate':
      return abandonCandidate(repairer, secret, repair);
    case 'detach-pending':
      return detachPending(repairer, secret, repair);
    case 'adopt-value':
      return adoptValue(repairer, secret, repair);
    case 'propagate':
      return propagate(repairer, secret, settings, repair);
    case 'resume-retirement':
      return resumeRetirement(repairer, secret, settings, repair);
    case 'repair-target':
      return repairTarget(repairer, secret, repair);
    case 'replicate':
      return replicate(repairer, secret, repair);
    case 'roll-back':
      return start(repairer, repairer.machines.rotateSecretArn, 'the workflow rolls back', {
        input: { secretId: secret.arn, startedBy: 'audit', operation: 'roll-back' },
      });
  }
}

/** Through the workflow: only its roles may invoke what writes to a target. */
function abandonCandidate(
  repairer: Repairer,
  secret: SecretDescription,
  { versionId }: RepairOf<'abandon-candidate'>,
): Promise<Repaired> {
  requirePending(secret, versionId);
  return startRepair(
    repairer,
    secret,
    'PendingStuck',
    versionId,
    `candidate ${versionId} was given up, and AWSPENDING detached`,
  );
}

async function detachPending(
  { secretsManager }: Repairer,
  secret: SecretDescription,
  { versionId }: RepairOf<'detach-pending'>,
): Promise<Repaired> {
  requirePending(secret, versionId);
  await new SecretStore(secretsManager).moveStage({ secretArn: secret.arn, stage: AWSPENDING, from: versionId });
  return { done: `AWSPENDING was detached from ${versionId}` };
}

/** As the event of Secrets Manager would have started it. */
function adoptValue(
  repairer: Repairer,
  secret: SecretDescription,
  { versionId }: RepairOf<'adopt-value'>,
): Promise<Repaired> {
  requireCurrent(secret, versionId);
  return start(repairer, repairer.machines.rotateSecretArn, 'the value is propagated and checked', {
    name: `adopt-${versionId}`,
    input: { secretId: secret.arn, startedBy: 'hand', versionId },
  });
}

/** Consumers count their convergence from now: nobody can say what they have been told before. */
function propagate(
  repairer: Repairer,
  secret: SecretDescription,
  { consumers, mirrors }: SecretSettings,
  { versionId }: { versionId: string },
): Promise<Repaired> {
  requireCurrent(secret, versionId);
  const promotedAt = repairer.now().toISOString();
  return start(repairer, repairer.machines.propagateSecretArn, 'consumers and mirrors are told again', {
    name: `propagate-${versionId}`,
    input: { secretArn: secret.arn, secretName: secret.name, versionId, promotedAt, consumers, mirrors },
  });
}

/** What is left of the grace period is waited for, and at least until consumers that are told only now have converged. */
async function resumeRetirement(
  repairer: Repairer,
  secret: SecretDescription,
  settings: SecretSettings,
  repair: RepairOf<'resume-retirement'>,
): Promise<Repaired> {
  await propagate(repairer, secret, settings, repair);
  const { versionId, previousVersionId, promotedAt } = repair;
  const elapsedSeconds = (repairer.now().getTime() - Date.parse(promotedAt)) / 1000;
  const boundSeconds = Math.max(0, ...settings.consumers.map(convergenceBoundSeconds));
  const gracePeriodSeconds = Math.max(boundSeconds, Math.ceil(settings.gracePeriodSeconds - elapsedSeconds));
  const input = {
    secretArn: secret.arn,
    secretName: secret.name,
    kind: settings.kind,
    startedBy: 'audit',
    versionId,
    previousVersionId,
    promotedAt: new Date(promotedAt).toISOString(),
    rotationFunctionArn: secret.rotationFunctionArn,
    gracePeriodSeconds,
    evidenceIntervalSeconds: settings.evidenceIntervalSeconds,
    emergency: false,
  };
  const done = `the retirement of ${previousVersionId} begins anew, with evidence, in ${gracePeriodSeconds} seconds`;
  return start(repairer, repairer.machines.retireCredentialArn, done, { name: retirementName(versionId), input });
}

function repairTarget(
  repairer: Repairer,
  secret: SecretDescription,
  { versionId, code }: RepairOf<'repair-target'>,
): Promise<Repaired> {
  requireCurrent(secret, versionId);
  return startRepair(repairer, secret, code, versionId, doneToTarget(code, versionId));
}

/** The execution is waited for: what is called done has ended well. @throws RepairFailed */
async function startRepair(
  repairer: Repairer,
  secret: SecretDescription,
  code: FindingCode,
  expectedVersionId: string,
  done: string,
): Promise<Repaired> {
  const input = { secretId: secret.arn, startedBy: 'audit', operation: 'repair', code, expectedVersionId };
  const repaired = await start(repairer, repairer.machines.rotateSecretArn, done, { input });
  for (let look = 0; look < REPAIR_LOOKS; look += 1) {
    const { status, error, cause } = await repairer.states.send(
      new DescribeExecutionCommand({ executionArn: repaired.executionArn }),
    );
    if (status === 'SUCCEEDED') return repaired;
    if (status !== 'RUNNING') {
      throw new RepairFailed(
        `${secret.name}: ${repaired.executionArn} ended ${status}. ${error ?? ''}: ${cause ?? ''}`,
      );
    }
    await repairer.sleep(REPAIR_LOOK_MILLISECONDS);
  }
  throw new RepairFailed(`${secret.name}: ${repaired.executionArn} has not ended. Look at it in Step Functions.`);
}

/** In the words of what was found: for each code the rotation function does something else. */
function doneToTarget(code: FindingCode, versionId: string): string {
  switch (code) {
    case 'CurrentRefused':
      return `the target accepts version ${versionId} again`;
    case 'PreviousRefused':
      return 'the target accepts the previous credential again';
    case 'DisabledLoginInUse':
      // A repair before this one may have enabled the login, because it is still needed: then its sessions stay.
      return 'sessions of logins that may not log in were ended; a login that may log in again keeps its own';
    case 'OwnerRoleLost':
    case 'MembershipLost':
    case 'GrantsApart':
      return 'the logins have the role, memberships and privileges again that each rotation gives them';
    default:
      return `the rotation function mended ${code}`;
  }
}

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ReplicateSecretToRegions.html */
async function replicate(
  { secretsManager }: Repairer,
  secret: SecretDescription,
  { region }: RepairOf<'replicate'>,
): Promise<Repaired> {
  await secretsManager.send(
    new ReplicateSecretToRegionsCommand({
      SecretId: secret.arn,
      AddReplicaRegions: [{ Region: region }],
      ForceOverwriteReplicaSecret: true,
    }),
  );
  return { done: `Secrets Manager replicates the secret to ${region} anew` };
}

/** An execution of that name may have ended: names are kept for 90 days, so each hour has one of its own. */
async function start(
  { states, now }: Repairer,
  stateMachineArn: string,
  done: string,
  { name, input }: { name?: string; input: unknown },
): Promise<Repaired> {
  const hour = Math.floor(now().getTime() / 3_600_000).toString(36);
  const answer = await states.send(
    new StartExecutionCommand({
      stateMachineArn,
      input: JSON.stringify(input),
      ...(name && { name: `${name.slice(0, 72)}-${hour}` }),
    }),
  );
  return { done, executionArn: answer.executionArn };
}

function requirePending(secret: SecretDescription, versionId: string): void {
  if (candidateVersionId(secret) === versionId) return;
  throw new FindingOutdated(`${secret.name}: version ${versionId} is not AWSPENDING any more. Nothing was done.`);
}

function requireCurrent(secret: SecretDescription, versionId: string): void {
  if (isCurrent(secret, versionId)) return;
  throw new FindingOutdated(`${secret.name}: AWSCURRENT is not on version ${versionId} any more. Nothing was done.`);
}
