import { ReplicateSecretToRegionsCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
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

/** A person has to act. */
export class NotRepairable extends KeyturnError {
  readonly code = 'NotRepairable';
}

export interface Repairer {
  readonly secretsManager: SecretsManagerClient;
  readonly states: Pick<SFNClient, 'send'>;
  readonly machines: { rotateSecretArn: string; retireCredentialArn: string; propagateSecretArn: string };
  now(): Date;
}

export interface Repaired {
  /** What was done, in words. */
  readonly done: string;
  /** The execution that has to end well before the repair is one. */
  readonly awaited?: string;
  /** An execution that takes hours: a retirement waits for its grace period. */
  readonly begun?: string;
}

type RepairOf<Action extends Repair['action']> = Extract<Repair, { action: Action }>;

/**
 * Repairs one finding, with the rights of the caller, or starts what repairs it: `awaited` has to end well. Looks first
 * whether the finding is still the case, and may be called twice: executions are named after their version. @throws FindingOutdated | NotRepairable
 */
export async function repairDrift(repairer: Repairer, finding: Finding, settings: SecretSettings): Promise<Repaired> {
  const { repair } = finding;
  if (!repair) throw new NotRepairable(`${finding.message} A person has to act: ${finding.command}`);
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
      return rollBack(repairer, secret, repair);
  }
}

/** The execution refuses by name when another version is current by then. */
async function rollBack(
  repairer: Repairer,
  secret: SecretDescription,
  { versionId }: RepairOf<'roll-back'>,
): Promise<Repaired> {
  requireCurrent(secret, versionId);
  const { rotateSecretArn } = repairer.machines;
  const input = {
    secretId: secret.arn,
    startedBy: 'doctor',
    operation: 'roll-back',
    expectedVersionId: versionId,
  };
  const awaited = await start(repairer, rotateSecretArn, { name: `roll-back-${versionId}`, input });
  return { done: `version ${versionId} was rolled back`, awaited };
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
async function adoptValue(
  repairer: Repairer,
  secret: SecretDescription,
  { versionId }: RepairOf<'adopt-value'>,
): Promise<Repaired> {
  requireCurrent(secret, versionId);
  const awaited = await start(repairer, repairer.machines.rotateSecretArn, {
    name: `adopt-${versionId}`,
    input: { secretId: secret.arn, startedBy: 'hand', versionId },
  });
  return { done: 'the value was propagated and checked', awaited };
}

/** Consumers count their convergence from now: what reached them before is not known. */
async function propagate(
  repairer: Repairer,
  secret: SecretDescription,
  { consumers, mirrors }: SecretSettings,
  { versionId }: { versionId: string },
): Promise<Repaired> {
  requireCurrent(secret, versionId);
  const promotedAt = repairer.now().toISOString();
  const awaited = await start(repairer, repairer.machines.propagateSecretArn, {
    name: `propagate-${versionId}`,
    input: { secretArn: secret.arn, secretName: secret.name, versionId, promotedAt, consumers, mirrors },
  });
  return { done: 'consumers and mirrors were given the current version again', awaited };
}

/** The new execution waits for the rest of the grace period, and at least until consumers notified now have converged. */
async function resumeRetirement(
  repairer: Repairer,
  secret: SecretDescription,
  settings: SecretSettings,
  repair: RepairOf<'resume-retirement'>,
): Promise<Repaired> {
  const { awaited } = await propagate(repairer, secret, settings, repair);
  const { versionId, previousVersionId, promotedAt } = repair;
  const elapsedSeconds = (repairer.now().getTime() - Date.parse(promotedAt)) / 1000;
  const boundSeconds = Math.max(0, ...settings.consumers.map(convergenceBoundSeconds));
  const gracePeriodSeconds = Math.max(boundSeconds, Math.ceil(settings.gracePeriodSeconds - elapsedSeconds));
  const input = {
    secretArn: secret.arn,
    secretName: secret.name,
    kind: settings.kind,
    startedBy: 'doctor',
    versionId,
    previousVersionId,
    promotedAt: new Date(promotedAt).toISOString(),
    rotationFunctionArn: secret.rotationFunctionArn,
    gracePeriodSeconds,
    evidenceIntervalSeconds: settings.evidenceIntervalSeconds,
    emergency: false,
    // Which of them had a verdict went with the execution that is gone.
    checks: settings.checks,
  };
  const done = `the retirement of ${previousVersionId} begins anew, with evidence, in ${gracePeriodSeconds} seconds`;
  const name = retirementName(versionId);
  const begun = await start(repairer, repairer.machines.retireCredentialArn, { name, input });
  return { done, awaited, begun };
}

function repairTarget(
  repairer: Repairer,
  secret: SecretDescription,
  { versionId, code }: RepairOf<'repair-target'>,
): Promise<Repaired> {
  requireCurrent(secret, versionId);
  return startRepair(repairer, secret, code, versionId, doneToTarget(code, versionId));
}

/** Without a name, so that it may be made again within the hour: the rotation function looks before it writes. */
async function startRepair(
  repairer: Repairer,
  secret: SecretDescription,
  code: FindingCode,
  expectedVersionId: string,
  done: string,
): Promise<Repaired> {
  const input = { secretId: secret.arn, startedBy: 'doctor', operation: 'repair', code, expectedVersionId };
  return { done, awaited: await start(repairer, repairer.machines.rotateSecretArn, { input }) };
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
      return `the rotation function repaired ${code}`;
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
  { name, input }: { name?: string; input: unknown },
): Promise<string> {
  const hour = Math.floor(now().getTime() / 3_600_000).toString(36);
  const answer = await states.send(
    new StartExecutionCommand({
      stateMachineArn,
      input: JSON.stringify(input),
      ...(name && { name: `${name.slice(0, 72)}-${hour}` }),
    }),
  );
  return answer.executionArn as string;
}

function requirePending(secret: SecretDescription, versionId: string): void {
  if (candidateVersionId(secret) === versionId) return;
  throw new FindingOutdated(`${secret.name}: version ${versionId} is not AWSPENDING any more. Nothing was done.`);
}

function requireCurrent(secret: SecretDescription, versionId: string): void {
  if (isCurrent(secret, versionId)) return;
  throw new FindingOutdated(`${secret.name}: AWSCURRENT is not on version ${versionId} any more. Nothing was done.`);
}
