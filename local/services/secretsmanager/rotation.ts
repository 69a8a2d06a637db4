import { randomUUID } from 'node:crypto';
import { sleep, type Timer } from '../../clock.ts';
import type { Principal } from '../../service.ts';
import { AwsError, type Call, type Operation } from '../../service.ts';
import { accessTo } from './access.ts';
import { attachStages, detachStage } from './labels.ts';
import { nextRotation, parseRules } from './schedule.ts';
import { type RotationRules, type Secret, type SecretState, versionWith } from './state.ts';
import { invalidRequest, validateRequest } from './validation.ts';
import { addVersion, refuseReplica } from './write.ts';

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
const MOST_ATTEMPTS = 5;
const FIRST_PAUSE_MILLISECONDS = 2_000;

interface RotateInput {
  SecretId: string;
  ClientRequestToken?: string;
  RotationLambdaARN?: string;
  RotationRules?: RotationRules;
  RotateImmediately?: boolean;
}

const servicePrincipal: Principal = {
  kind: 'service',
  arn: 'secretsmanager.amazonaws.com',
  identityArn: 'secretsmanager.amazonaws.com',
  servicePrincipal: 'secretsmanager.amazonaws.com',
};

/**
 * Native rotation: RotateSecret answers at once; the four steps follow, one synchronous invocation each, and the whole
 * is tried again several times with the same token.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
 */
export class NativeRotation {
  readonly #state: SecretState;
  readonly #running = new Map<string, string>();
  readonly #timers = new Map<string, Timer>();
  #closed = new AbortController();

  constructor(state: SecretState) {
    this.#state = state;
  }

  operations(): Record<string, Operation> {
    return {
      RotateSecret: {
        validate: (input: RotateInput) => {
          validateRequest(input as unknown as Record<string, unknown>);
          parseRules(input.RotationRules);
        },
        access: async (input: RotateInput, call) => [
          ...accessTo(this.#state, 'RotateSecret', input.SecretId, call, {
            ...(input.RotationLambdaARN && { 'secretsmanager:RotationLambdaARN': input.RotationLambdaARN }),
          }),
        ],
        handle: (input: RotateInput, call) => this.#rotateSecret(input, call),
      },
      CancelRotateSecret: {
        validate: validateRequest,
        access: (input, call) => accessTo(this.#state, 'CancelRotateSecret', input.SecretId, call),
        handle: (input, call) => this.#cancelRotateSecret(input, call),
      },
    };
  }

  reset(): void {
    this.#closed.abort(new Error('the cloud was reset'));
    this.#closed = new AbortController();
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#running.clear();
  }

  /** Sets rotation up as RotateSecret does, for a template's RotationSchedule. */
  configure(secret: Secret, options: { lambdaArn?: string; rules?: RotationRules; immediately: boolean }): void {
    if (options.lambdaArn) secret.rotationLambdaArn = options.lambdaArn;
    if (options.rules) secret.rotationRules = options.rules;
    secret.rotationEnabled = true;
    this.#arm(secret);
    if (options.immediately) this.#begin(secret, randomUUID());
  }

  #rotateSecret(input: RotateInput, call: Call): Record<string, unknown> {
    const secret = this.#state.requireLive(call.region, input.SecretId);
    refuseReplica(secret);
    if (secret.owningService) {
      throw invalidRequest(`You can't rotate a secret that is managed by another service (${secret.owningService}).`);
    }
    const lambdaArn = input.RotationLambdaARN ?? secret.rotationLambdaArn;
    if (!lambdaArn) throw invalidRequest('No Lambda rotation function ARN is associated with this secret.');
    if (!versionWith(secret, 'AWSCURRENT')) {
      throw invalidRequest("You can't rotate a secret that has no value under AWSCURRENT.");
    }
    const token = input.ClientRequestToken ?? randomUUID();
    const pending = versionWith(secret, 'AWSPENDING');
    const isUnfinished = pending !== undefined && pending !== versionWith(secret, 'AWSCURRENT');
    if (isUnfinished && input.RotateImmediately !== false) {
      this.#reattempt(secret, pending.versionId);
      throw invalidRequest("A previous rotation isn't complete. That rotation will be reattempted.");
    }
    secret.rotationLambdaArn = lambdaArn;
    secret.rotationEnabled = true;
    if (input.RotationRules) secret.rotationRules = input.RotationRules;
    this.#arm(secret);
    if (input.RotateImmediately === false) {
      void this.#testOnly(secret);
      return { ARN: secret.arn, Name: secret.name };
    }
    this.#begin(secret, token);
    return { ARN: secret.arn, Name: secret.name, VersionId: token };
  }

  #cancelRotateSecret(input: { SecretId: string }, call: Call): Record<string, unknown> {
    const secret = this.#state.requireLive(call.region, input.SecretId);
    refuseReplica(secret);
    secret.rotationEnabled = false;
    secret.nextRotationAt = undefined;
    this.#timers.get(secret.arn)?.cancel();
    this.#running.delete(secret.arn);
    return { ARN: secret.arn, Name: secret.name, VersionId: versionWith(secret, 'AWSPENDING')?.versionId };
  }

  #begin(secret: Secret, token: string): void {
    const version = secret.versions.get(token) ?? addVersion(this.#state, secret, token, undefined);
    attachStages(this.#state, secret, version, ['AWSPENDING']);
    void this.#run(secret, token);
  }

  #reattempt(secret: Secret, token: string): void {
    if (this.#running.get(secret.arn) !== token) void this.#run(secret, token);
  }

  async #run(secret: Secret, token: string): Promise<void> {
    const { signal } = this.#closed;
    const rotationToken = randomUUID();
    this.#running.set(secret.arn, token);
    try {
      for (let attempt = 0; attempt < MOST_ATTEMPTS && this.#isPending(secret, token); attempt += 1) {
        if (attempt > 0) await sleep(this.#state.cloud.clock, FIRST_PAUSE_MILLISECONDS * 2 ** (attempt - 1), signal);
        if (await this.#attempt(secret, token, rotationToken)) return this.#complete(secret, token);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      if (this.#running.get(secret.arn) === token) this.#running.delete(secret.arn);
    }
  }

  /** Four steps in order; false when one failed. The function's own log tells why. */
  async #attempt(secret: Secret, token: string, rotationToken: string): Promise<boolean> {
    for (const step of STEPS) {
      if (this.#closed.signal.aborted || this.#running.get(secret.arn) !== token) return false;
      if (!this.#isPending(secret, token) && !secret.versions.get(token)?.stages.has('AWSCURRENT')) return false;
      const isDone = await this.#invoke(secret, {
        Step: step,
        SecretId: secret.arn,
        ClientRequestToken: token,
        RotationToken: rotationToken,
      });
      if (!isDone) return false;
    }
    return secret.versions.get(token)?.stages.has('AWSCURRENT') === true;
  }

  async #invoke(secret: Secret, event: Record<string, string>): Promise<boolean> {
    try {
      const answer = await this.#state.cloud.call<{ FunctionError?: string }>({
        service: 'lambda',
        operation: 'Invoke',
        input: { FunctionName: secret.rotationLambdaArn, Payload: new TextEncoder().encode(JSON.stringify(event)) },
        principal: { ...servicePrincipal, sessionName: secret.arn },
        region: secret.region,
        signal: this.#closed.signal,
      });
      return !answer.FunctionError;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      this.#state.cloud.log(
        `secretsmanager: rotation of ${secret.name}, ${event.Step}: ${error.code}: ${error.message}`,
      );
      return false;
    }
  }

  /** After finishSecret the service itself drops AWSPENDING, and the dates move on. */
  #complete(secret: Secret, token: string): void {
    const version = secret.versions.get(token);
    if (version?.stages.has('AWSPENDING')) detachStage(this.#state, secret, version, 'AWSPENDING');
    secret.lastRotatedAt = this.#state.cloud.clock.now();
    secret.lastChangedAt = secret.lastRotatedAt;
    this.#arm(secret);
  }

  /** RotateImmediately false: testSecret alone, on an AWSPENDING version made for it and taken away again. */
  async #testOnly(secret: Secret): Promise<void> {
    const token = randomUUID();
    const version = addVersion(this.#state, secret, token, versionWith(secret, 'AWSCURRENT')?.value);
    attachStages(this.#state, secret, version, ['AWSPENDING']);
    await this.#invoke(secret, {
      Step: 'testSecret',
      SecretId: secret.arn,
      ClientRequestToken: token,
      RotationToken: randomUUID(),
    });
    detachStage(this.#state, secret, version, 'AWSPENDING');
    secret.versions.delete(token);
  }

  #isPending(secret: Secret, token: string): boolean {
    return secret.versions.get(token)?.stages.has('AWSPENDING') === true;
  }

  #arm(secret: Secret): void {
    this.#timers.get(secret.arn)?.cancel();
    const next = nextRotation(secret.rotationRules, this.#state.cloud.clock.now());
    secret.nextRotationAt = next;
    if (!next) return;
    const delay = next.getTime() - this.#state.cloud.clock.now().getTime();
    const timer = this.#state.cloud.clock.after(delay, () => {
      if (!secret.rotationEnabled || secret.deletedAt) return;
      this.#arm(secret);
      const pending = versionWith(secret, 'AWSPENDING');
      if (pending && pending !== versionWith(secret, 'AWSCURRENT')) this.#reattempt(secret, pending.versionId);
      else this.#begin(secret, randomUUID());
    });
    this.#timers.set(secret.arn, timer);
  }
}
