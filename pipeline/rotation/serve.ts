import { parse } from '../contracts/parse.ts';
import { RotationEvent, type RotationStep, WorkflowRequest } from '../contracts/rotation-event.ts';
import { isPermanent } from '../errors.ts';
import { abandon } from './abandon.ts';
import { createSecret } from './create-secret.ts';
import { endForGood } from './end-for-good.ts';
import { StepRefused } from './errors.ts';
import { finishSecret } from './finish-secret.ts';
import { gatherEvidence } from './gather-evidence.ts';
import { guardStep } from './guard.ts';
import { repair } from './repair.ts';
import { retire } from './retire.ts';
import { rollBack } from './roll-back.ts';
import { openRotation, type RotationFunction, type Step } from './rotation-function.ts';
import type { SecretDescription } from './secret-store.ts';
import { setSecret } from './set-secret.ts';
import { testSecret } from './test-secret.ts';
import { hasFailed, isCurrent, isPending, wasPromoted } from './version-labels.ts';

/** One invocation of a rotation function: a step from Secrets Manager, or a request from the workflow. */
export async function serve(rotationFunction: RotationFunction, event: unknown): Promise<unknown> {
  if (typeof event === 'object' && event !== null && 'operation' in event) {
    return serveWorkflow(rotationFunction, parse('The workflow request', WorkflowRequest, event));
  }
  await rotate(rotationFunction, parse('The rotation event', RotationEvent, event));
  return undefined;
}

const steps: Record<RotationStep, (step: Step) => Promise<void>> = {
  createSecret,
  setSecret,
  testSecret,
  finishSecret,
};

/**
 * One invocation by Secrets Manager. Each step may come again with the same token, also after it has succeeded.
 * Five of the six cases before every step are those of AWS's own rotation functions:
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
 */
async function rotate(rotationFunction: RotationFunction, event: RotationEvent): Promise<void> {
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
    const failed = { secretArn: event.SecretId, token };
    await rotationFunction.report.stepFailed({ ...failed, name: event.Step, error });
    if (isPermanent(error)) await endForGoodOrReport(rotationFunction, failed);
    throw error;
  }
}

/** The step's own error is the one to answer. Where the label cannot be detached, Secrets Manager's next attempt does it. */
async function endForGoodOrReport(
  rotationFunction: RotationFunction,
  failed: { secretArn: string; token: string },
): Promise<void> {
  try {
    await endForGood(rotationFunction, failed);
  } catch (error) {
    rotationFunction.report.endFailed({ ...failed, error });
  }
}

/** What the workflow asks for, because only this function reaches the target. */
async function serveWorkflow(rotationFunction: RotationFunction, request: WorkflowRequest): Promise<unknown> {
  switch (request.operation) {
    case 'Abandon':
      return abandon(rotationFunction, request);
    case 'RollBack':
      return rollBack(rotationFunction, request);
    case 'GatherEvidence':
      return gatherEvidence(rotationFunction, request);
    case 'Retire':
      return retire(rotationFunction, request);
    case 'Repair':
      return repair(rotationFunction, request);
  }
}

/**
 * 1. Rotation is known to be disabled: refuse.
 * 2. The token names no version of the secret: refuse.
 * 3. The token is AWSCURRENT already: done.
 * 4. The token does not carry AWSPENDING: refuse.
 * 5. It was current before, and a roll-back or another value came before AWSPENDING was taken away: nothing promotes it again.
 * 6. The step is none of the four: refuse.
 */
function judgeStep(secret: SecretDescription, event: RotationEvent): RotationStep | 'done' {
  const token = event.ClientRequestToken;
  if (secret.rotationEnabled === false) {
    throw new StepRefused(`Secret ${secret.name} is not enabled for rotation.`);
  }
  if (!secret.stagesByVersion.has(token)) {
    throw new StepRefused(`Secret version ${token} has no stage for rotation of secret ${secret.name}.`);
  }
  if (isCurrent(secret, token)) return 'done';
  if (!isPending(secret, token)) {
    throw new StepRefused(`Secret version ${token} is not set as AWSPENDING for rotation of secret ${secret.name}.`);
  }
  if (hasFailed(secret, token) || wasPromoted(secret, token)) {
    throw new StepRefused(
      `Secret version ${token} of secret ${secret.name} was current before and is not promoted again.`,
    );
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
  const opened = openRotation({
    secretArn: secret.arn,
    secretName: secret.name,
    token: event.ClientRequestToken,
    rotationToken: event.RotationToken,
    settings: settings.rotator,
  });
  const rotation = guardStep(rotationFunction, opened, secret);
  return { rotationFunction, secret, settings: settings.secret, rotation };
}
