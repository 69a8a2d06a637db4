import { type EventPrivilege, eventPrivileges } from '../contracts/event-requests.ts';
import { RotationRequest } from '../contracts/execution.ts';
import { parse } from '../contracts/parse.ts';
import { convergenceBoundSeconds, type SecretSettings } from '../contracts/settings/secret.ts';
import type { SecretDescription, SecretStore } from '../rotation/secret-store.ts';
import type { SettingsReader } from '../settings/read-settings.ts';
import { decide, type Path } from './decide.ts';
import { RequestNotAllowed } from './errors.ts';
import type { Plan } from './plan.ts';
import { rotationWindowSeconds } from './rotation-window.ts';

export interface Prepare {
  store: SecretStore;
  settings: Pick<SettingsReader, 'read' | 'isNew'>;
  /** What an event may ask for: each of these can lock consumers out. */
  allowByEvent: readonly EventPrivilege[];
  now(): Date;
}

/** Task state Prepare: reads labels and settings, decides, changes nothing. May be called twice. */
export async function prepare(dependencies: Prepare, input: unknown, executionName: string): Promise<Plan> {
  const request = parse('The execution input', RotationRequest, withStarter(input));
  expectAllowed(request, dependencies.allowByEvent);
  const secret = await dependencies.store.describe(request.secretId);
  const settings = await dependencies.settings.read(secret.arn);
  const isFirstRun =
    request.startedBy === 'schedule' &&
    request.operation === 'rotate' &&
    settings.schedule?.expression.startsWith('rate(') === true &&
    (await dependencies.settings.isNew(secret.arn));
  const decision = decide(request, secret, { ...settings, isFirstRun }, executionName);
  return {
    path: decision.path,
    reason: decision.reason,
    secretArn: secret.arn,
    secretName: secret.name,
    kind: settings.kind,
    startedBy: request.startedBy,
    versionId: decision.versionId,
    previousVersionId: decision.previousVersionId ?? null,
    retireFirst: decision.retireFirst
      ? { ...decision.retireFirst, promotedAt: (secret.lastChangedAt ?? new Date(0)).toISOString() }
      : null,
    clearVersionId: decision.clearVersionId ?? null,
    repair: decision.repair ?? null,
    rotationFunctionArn: secret.rotationFunctionArn ?? null,
    emergency: 'emergency' in request && request.emergency,
    rollBack: rollsBack(decision.path, settings.rollBackHandPutValues),
    promotionTimeoutSeconds: promotionTimeoutSeconds(dependencies, decision.path, settings, secret),
    gracePeriodSeconds: settings.gracePeriodSeconds,
    evidenceIntervalSeconds: settings.evidenceIntervalSeconds,
    convergenceBoundSeconds: Math.max(0, ...settings.consumers.map(convergenceBoundSeconds)),
    consumers: settings.consumers,
    checks: settings.checks,
    mirrors: settings.mirrors,
  };
}

/** Secrets Manager tries a rotation of its own until its window closes: giving it up before would end it while it may succeed. */
function promotionTimeoutSeconds(
  { now }: Prepare,
  path: Path,
  settings: SecretSettings,
  secret: SecretDescription,
): number {
  if (path !== 'adopted') return settings.promotionTimeoutSeconds;
  return Math.max(settings.promotionTimeoutSeconds, rotationWindowSeconds(secret.rotationRules, now()));
}

/** Whether a failed check undoes what the execution did. */
function rollsBack(path: Path, rollsBackHandPutValues: boolean): boolean {
  if (path === 'checks-only' || path === 'repair') return false;
  return path !== 'promoted-by-hand' || rollsBackHandPutValues;
}

/**
 * People start executions with a secret's name alone. A `Rotation Requested` event comes as `request`, and with it nothing
 * else counts: it may ask for a way to rotate, not say who started it.
 */
function withStarter(input: unknown): unknown {
  if (typeof input !== 'object' || input === null) return input;
  if (!('request' in input)) return { startedBy: 'unknown', ...input };
  const asked = typeof input.request === 'object' ? input.request : {};
  return { ...asked, startedBy: 'event' };
}

/** @throws RequestNotAllowed */
function expectAllowed(request: RotationRequest, allowed: readonly EventPrivilege[]): void {
  if (request.startedBy !== 'event') return;
  if (request.operation === 'repair') {
    throw new RequestNotAllowed(
      `${request.secretId}: repairs are not asked for by events. Use keyturn doctor --repair.`,
    );
  }
  const refused = eventPrivileges.filter((one) => request[one] && !allowed.includes(one));
  if (refused.length === 0) return;
  const names = refused.join(', ');
  throw new RequestNotAllowed(
    `${request.secretId}: an event asks for ${names}, which this pipeline does not allow by event. Nothing was changed. ` +
      `Ask for it by the command line or Step Functions, or set allowByEvent: ${JSON.stringify(refused)} for the pipeline.`,
  );
}
