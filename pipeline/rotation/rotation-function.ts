import { AWSCURRENT, AWSPENDING, EMERGENCY_TOKEN_PREFIX, KEYTURN_FAILED } from '../contracts/labels.ts';
import type { RotationEvent, RotationStep, WorkflowRequest } from '../contracts/rotation-event.ts';
import type { SecretSettings } from '../contracts/settings/secret.ts';
import type { Rotation, Rotator, SecretVersion } from '../rotators/rotator.ts';
import { abandon } from './abandon.ts';
import { createSecret } from './create-secret.ts';
import { StepRefused } from './errors.ts';
import { finishSecret } from './finish-secret.ts';
import { gatherEvidence } from './gather-evidence.ts';
import { repair } from './repair.ts';
import { retire } from './retire.ts';
import { rollBack } from './roll-back.ts';
import { currentVersionId, type SecretDescription, type SecretStore } from './secret-store.ts';
import { setSecret } from './set-secret.ts';
import { testSecret } from './test-secret.ts';
import { verify } from './verify.ts';

/** What the rotation function of one secret kind works with. Everything that reaches outside is passed in. */
export interface RotationFunction<Payload = unknown, Settings = unknown> {
  readonly store: SecretStore;
  readonly rotator: Rotator<Payload, Settings>;
  /** Reads the secret's settings; cached for a minute, since a deployment may change them. */
  readSettings(secretArn: string): Promise<{ secret: SecretSettings; rotator: Settings }>;
  /** Starts the workflow for a rotation that Secrets Manager began by itself. Starting it twice is one execution. */
  adopt(rotation: { secretArn: string; token: string }): Promise<void>;
  report: RotationReport;
  now(): Date;
}

/** Tells the rotation's story while Secrets Manager drives it. Never fails a step: the labels are the state, not the events. */
export interface RotationReport {
  stepSucceeded(step: {
    secret: SecretDescription;
    token: string;
    name: string;
    durationMilliseconds: number;
  }): Promise<void>;
  stepFailed(step: { secretArn: string; token: string; name: string; error: unknown }): Promise<void>;
}

/** One step of one rotation, after the contract's preconditions were checked. */
export interface Step<Payload = unknown, Settings = unknown> {
  readonly rotationFunction: RotationFunction<Payload, Settings>;
  readonly secret: SecretDescription;
  readonly settings: SecretSettings;
  readonly rotation: Rotation<Settings>;
}

const steps: Record<RotationStep, (step: Step) => Promise<void>> = {
  createSecret,
  setSecret,
  testSecret,
  finishSecret,
};

/**
 * One invocation by Secrets Manager. Each step may come again with the same token, also after it has succeeded.
 * The five cases before every step are those of AWS's own rotation functions:
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
 */
export async function rotate(rotationFunction: RotationFunction, event: RotationEvent): Promise<void> {
  const startedAt = rotationFunction.now().getTime();
  const token = event.ClientRequestToken;
  try {
    const secret = await rotationFunction.store.describe(event.SecretId);
    const verdict = judgeStep(secret, event);
    if (verdict === 'done') return;
    const step = await openStep(rotationFunction, secret, event);
    await steps[verdict](step);
    const durationMilliseconds = rotationFunction.now().getTime() - startedAt;
    await rotationFunction.report.stepSucceeded({ secret, token, name: verdict, durationMilliseconds });
  } catch (error) {
    await rotationFunction.report.stepFailed({ secretArn: event.SecretId, token, name: event.Step, error });
    throw error;
  }
}

/** What the workflow asks for, because only this function reaches the target. */
export async function serveWorkflow(rotationFunction: RotationFunction, request: WorkflowRequest): Promise<unknown> {
  switch (request.operation) {
    case 'Abandon':
      return abandon(rotationFunction, request);
    case 'RollBack':
      return rollBack(rotationFunction, request);
    case 'GatherEvidence':
      return gatherEvidence(rotationFunction, request);
    case 'Retire':
      return retire(rotationFunction, request);
    case 'Verify':
      return verify(rotationFunction, request);
    case 'Repair':
      return repair(rotationFunction, request);
  }
}

/**
 * 1. Rotation is known to be disabled: refuse.
 * 2. The token names no version of the secret: refuse.
 * 3. The token is AWSCURRENT already: done.
 * 4. The token does not carry AWSPENDING: refuse.
 * 5. The step is none of the four: refuse.
 */
export function judgeStep(secret: SecretDescription, event: RotationEvent): RotationStep | 'done' {
  const token = event.ClientRequestToken;
  if (secret.rotationEnabled === false) {
    throw new StepRefused(`Secret ${secret.name} is not enabled for rotation.`);
  }
  if (!secret.stagesByVersion.has(token)) {
    throw new StepRefused(`Secret version ${token} has no stage for rotation of secret ${secret.name}.`);
  }
  const stages = secret.stagesOf(token);
  if (stages.includes(AWSCURRENT)) return 'done';
  if (!stages.includes(AWSPENDING)) {
    throw new StepRefused(`Secret version ${token} is not set as AWSPENDING for rotation of secret ${secret.name}.`);
  }
  if (!isStep(event.Step)) {
    throw new StepRefused(`Unknown rotation step ${JSON.stringify(event.Step)} for secret ${secret.name}.`);
  }
  return event.Step;
}

function isStep(step: string): step is RotationStep {
  return Object.hasOwn(steps, step);
}

async function openStep(
  rotationFunction: RotationFunction,
  secret: SecretDescription,
  event: RotationEvent,
): Promise<Step> {
  const settings = await rotationFunction.readSettings(secret.arn);
  return {
    rotationFunction,
    secret,
    settings: settings.secret,
    rotation: openRotation(rotationFunction, {
      secretArn: secret.arn,
      secretName: secret.name,
      token: event.ClientRequestToken,
      rotationToken: event.RotationToken,
      settings: settings.rotator,
    }),
  };
}

/**
 * From a roll-back's last look for an emergency until it has moved AWSCURRENT; one that was killed looks again, and gives
 * way. An emergency that is older than this finds the mark of a roll-back that has died: it does not wait for it.
 */
const ROLL_BACK_MILLISECONDS = 10_000;

export function openRotation<Settings>(
  { store, now }: Pick<RotationFunction, 'store' | 'now'>,
  rotation: Omit<Rotation<Settings>, 'isPending' | 'isBeingRolledBack' | 'emergency'>,
): Rotation<Settings> {
  return {
    ...rotation,
    emergency: rotation.token.startsWith(EMERGENCY_TOKEN_PREFIX),
    isPending: async (beside) => {
      const secret = await store.describe(rotation.secretArn);
      if (beside !== undefined && currentVersionId(secret) !== beside) return false;
      return secret.stagesOf(rotation.token).includes(AWSPENDING);
    },
    isBeingRolledBack: async (beside) => {
      const secret = await store.describe(rotation.secretArn);
      if (currentVersionId(secret) !== beside) return true;
      if (!secret.stagesOf(currentVersionId(secret)).includes(KEYTURN_FAILED)) return false;
      const madeAt = await store.createdAt(rotation.secretArn, rotation.token);
      return now().getTime() - madeAt.getTime() < ROLL_BACK_MILLISECONDS;
    },
  };
}

/** Reads and parses a version that must have a value. */
export async function readVersion<Payload>(
  rotationFunction: Pick<RotationFunction<Payload>, 'store' | 'rotator'>,
  secretArn: string,
  versionId: string,
): Promise<SecretVersion<Payload> | undefined> {
  const value = await rotationFunction.store.read(secretArn, versionId);
  if (value === undefined) return undefined;
  return { versionId, payload: rotationFunction.rotator.parse(secretArn, value) };
}

export async function requireVersion<Payload>(
  rotationFunction: Pick<RotationFunction<Payload>, 'store' | 'rotator'>,
  secretArn: string,
  versionId: string,
): Promise<SecretVersion<Payload>> {
  const version = await readVersion(rotationFunction, secretArn, versionId);
  if (version) return version;
  throw new StepRefused(
    `Version ${versionId} of ${secretArn} has no value: createSecret has not stored one, or it was pruned.`,
  );
}
