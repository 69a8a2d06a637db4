import { randomUUID } from 'node:crypto';
import type { Timer } from '../../clock.ts';
import { AwsError, type Call, type Cloud, type Operation } from '../../cloud.ts';
import { accessTo } from './access.ts';
import { attachStages, detachStage } from './labels.ts';
import { refuseReplica } from './replication.ts';
import { RotationRunner, type RotationStep, rotationPrincipal } from './rotation-run.ts';
import { checkRules, lastSecond, nextWindow, withDays } from './schedule.ts';
import { type RotationRules, type Secret, type SecretState, versionWith } from './state.ts';
import { invalidRequest, requireToken, validateRequest } from './validation.ts';
import { addVersion, tokenTaken } from './versions.ts';

interface RotateInput {
  SecretId: string;
  ClientRequestToken?: string;
  RotationLambdaARN?: string;
  RotationRules?: RotationRules;
  RotateImmediately?: boolean;
  ExternalSecretRotationMetadata?: unknown;
  ExternalSecretRotationRoleArn?: string;
}

/**
 * Native rotation: RotateSecret answers at once, the steps follow; a schedule does the same in its windows.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
 */
export class NativeRotation {
  readonly #state: SecretState;
  readonly #runner: RotationRunner;
  readonly #timers = new Map<string, Timer>();
  /** Tokens of versions that were made to test with, never to be rotated to. */
  readonly #tests = new Set<string>();

  constructor(state: SecretState) {
    this.#state = state;
    this.#runner = new RotationRunner(state, (secret, token) => this.#complete(secret, token));
  }

  operations(): Record<string, Operation> {
    return {
      RotateSecret: {
        validate: (input: RotateInput, call) => {
          validateRequest({ ...input });
          requireToken(input, call, 'InvalidParameterException');
          checkRules(input.RotationRules);
          if (input.ExternalSecretRotationRoleArn !== undefined || input.ExternalSecretRotationMetadata !== undefined) {
            throw invalidRequest(
              'The laptop does not rotate secrets of partners: SUPPORT.md of @keyturn/laptop lists what it does.',
            );
          }
        },
        access: (input: RotateInput, call) =>
          accessTo(this.#state, 'RotateSecret', input.SecretId, call, {
            'secretsmanager:ModifyRotationRules': String(input.RotationRules !== undefined),
            'secretsmanager:RotateImmediately': String(input.RotateImmediately !== false),
            ...(input.RotationLambdaARN && { 'secretsmanager:RotationLambdaARN': input.RotationLambdaARN }),
          }),
        handle: (input: RotateInput, call) => this.#rotateSecret(input, call),
      },
      CancelRotateSecret: {
        validate: (input: { SecretId: string }) => validateRequest({ ...input }),
        access: (input: { SecretId: string }, call) =>
          accessTo(this.#state, 'CancelRotateSecret', input.SecretId, call),
        handle: (input: { SecretId: string }, call) => this.#cancelRotateSecret(input, call),
      },
    };
  }

  reset(): void {
    this.#runner.reset();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#tests.clear();
  }

  /** The steps of a secret's last rotation, all attempts, in the order they began. */
  steps(secretArn: string): readonly RotationStep[] {
    return this.#runner.steps(secretArn);
  }

  /** Sets rotation up as RotateSecret does, for a template's RotationSchedule. @throws AccessDeniedException */
  async configure(
    secret: Secret,
    options: { lambdaArn?: string; rules?: RotationRules; immediately: boolean },
  ): Promise<void> {
    checkRules(options.rules);
    const lambdaArn = options.lambdaArn ?? secret.rotationLambdaArn;
    if (!lambdaArn) throw noFunction();
    await this.#requireInvocable(secret, lambdaArn);
    this.#configure(secret, lambdaArn, options.rules);
    if (options.immediately) this.#begin(secret, randomUUID());
    else void this.#testOnly(secret, randomUUID());
  }

  /** Counts the schedule from now. */
  rearm(secret: Secret): void {
    this.#timers.get(secret.arn)?.cancel();
    this.#timers.delete(secret.arn);
    const { clock } = this.#state.cloud;
    const window = secret.rotationEnabled ? nextWindow(secret.rotationRules, clock.now()) : undefined;
    secret.nextRotationAt = window && lastSecond(window);
    if (!window) return;
    // "At any time during the window": in its first half, so that another attempt still fits.
    const length = window.closes.getTime() - window.opens.getTime();
    const delay = window.opens.getTime() - clock.now().getTime() + (this.#state.cloud.random() * length) / 2;
    this.#timers.set(
      secret.arn,
      clock.after(delay, () => this.#rotateOnSchedule(secret)),
    );
  }

  /**
   * 1. Nothing to rotate with, or the function does not let the service in: refused, and nothing is changed.
   * 2. This very request again: answered as before.
   * 3. Another rotation has not ended: it is tried again, this one refused.
   * 4. A test of the configuration only, or a rotation, in the background.
   */
  async #rotateSecret(input: RotateInput, call: Call): Promise<Record<string, unknown>> {
    const secret = this.#state.requireLive(call.region, input.SecretId);
    refuseReplica(secret);
    if (secret.owningService) {
      throw invalidRequest(`You can't rotate a secret that is managed by another service (${secret.owningService}).`);
    }
    const lambdaArn = input.RotationLambdaARN || secret.rotationLambdaArn;
    if (!lambdaArn) throw noFunction();
    await this.#requireInvocable(secret, lambdaArn);
    const token = input.ClientRequestToken ?? randomUUID();
    const answer = { ARN: secret.arn, Name: secret.name, VersionId: token };
    const known = secret.versions.get(token);
    if (known?.stages.has('AWSCURRENT')) return answer;
    if (known?.value && !known.stages.has('AWSPENDING')) throw tokenTaken(secret, token);
    const pending = versionWith(secret, 'AWSPENDING');
    if (pending && pending !== versionWith(secret, 'AWSCURRENT')) {
      if (!this.#tests.has(pending.versionId)) this.#runner.start(secret, pending.versionId);
      if (pending.versionId === token) return answer;
      throw invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.");
    }
    this.#configure(secret, lambdaArn, input.RotationRules);
    if (input.RotateImmediately === false) void this.#testOnly(secret, token);
    else this.#begin(secret, token);
    return answer;
  }

  /** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html */
  #cancelRotateSecret(input: { SecretId: string }, call: Call): Record<string, unknown> {
    const secret = this.#state.requireLive(call.region, input.SecretId);
    refuseReplica(secret);
    if (!secret.rotationLambdaArn) {
      throw invalidRequest(
        "You tried to enable rotation on a secret that doesn't already have a Lambda function ARN configured and you didn't include such an ARN as a parameter in this call.",
      );
    }
    secret.rotationEnabled = false;
    this.rearm(secret);
    this.#runner.stop(secret);
    this.#state.changed(secret);
    return { ARN: secret.arn, Name: secret.name, VersionId: versionWith(secret, 'AWSPENDING')?.versionId };
  }

  /** AWS asks the function's resource policy before it takes the function. This is no call: nothing runs, nothing strikes it. */
  async #requireInvocable(secret: Secret, lambdaArn: string): Promise<void> {
    const { cloud } = this.#state;
    const principal = rotationPrincipal(secret);
    const call = internalCall(cloud, { service: 'lambda', operation: 'Invoke', principal, region: secret.region });
    const needed = await cloud.service('lambda').operations.Invoke?.access?.({ FunctionName: lambdaArn }, call);
    for (const access of needed ?? []) {
      const { allowed, message } = await cloud.authorise(principal, access);
      if (allowed) continue;
      cloud.log(`secretsmanager: ${secret.name} cannot be rotated: ${message}`);
      throw new AwsError(
        'AccessDeniedException',
        'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
      );
    }
  }

  #configure(secret: Secret, lambdaArn: string, rules: RotationRules | undefined): void {
    secret.rotationLambdaArn = lambdaArn;
    secret.rotationEnabled = true;
    if (rules) secret.rotationRules = rules;
    this.rearm(secret);
    this.#state.changed(secret);
  }

  #begin(secret: Secret, token: string): void {
    const version = secret.versions.get(token) ?? addVersion(this.#state, secret, token, undefined);
    attachStages(this.#state, secret, version, ['AWSPENDING']);
    this.#state.changed(secret);
    this.#runner.start(secret, token);
  }

  /** After finishSecret the service itself drops AWSPENDING, and the dates move on. */
  #complete(secret: Secret, token: string): void {
    const version = secret.versions.get(token);
    if (version?.stages.has('AWSPENDING')) detachStage(this.#state, secret, version, 'AWSPENDING');
    secret.lastRotatedAt = this.#state.cloud.clock.now();
    secret.rotationRules = withDays(secret.rotationRules, secret.lastRotatedAt);
    this.rearm(secret);
    this.#state.changed(secret);
  }

  /** testSecret alone, on an AWSPENDING version made for it and taken away again. */
  async #testOnly(secret: Secret, token: string): Promise<void> {
    const version = addVersion(this.#state, secret, token, versionWith(secret, 'AWSCURRENT')?.value);
    this.#tests.add(token);
    attachStages(this.#state, secret, version, ['AWSPENDING']);
    try {
      const isDone = await this.#runner.invoke(secret, 'testSecret', token, randomUUID());
      if (!isDone) this.#state.cloud.log(`secretsmanager: the rotation of ${secret.name} failed its test`);
    } finally {
      this.#tests.delete(token);
      detachStage(this.#state, secret, version, 'AWSPENDING');
      if (secret.versions.get(token) === version && version.stages.size === 0) secret.versions.delete(token);
    }
  }

  #rotateOnSchedule(secret: Secret): void {
    if (!secret.rotationEnabled || !this.#state.holds(secret)) return;
    this.rearm(secret);
    if (secret.deletedAt) return;
    const pending = versionWith(secret, 'AWSPENDING');
    if (pending && this.#tests.has(pending.versionId)) return;
    if (pending && pending !== versionWith(secret, 'AWSCURRENT')) this.#runner.start(secret, pending.versionId);
    else this.#begin(secret, randomUUID());
  }
}

const noFunction = () => invalidRequest('No Lambda rotation function ARN is associated with this secret.');

function internalCall(cloud: Cloud, about: Pick<Call, 'service' | 'operation' | 'principal' | 'region'>): Call {
  return {
    ...about,
    cloud,
    requestId: randomUUID(),
    accountId: cloud.accountId,
    source: 'inside',
    signal: new AbortController().signal,
    headers: {},
  };
}
