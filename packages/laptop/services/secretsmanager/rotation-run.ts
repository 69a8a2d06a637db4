import { randomUUID } from 'node:crypto';
import { sleep } from '../../clock.ts';
import { AwsError } from '../../cloud.ts';
import { servicePrincipal } from '../../identity/principals.ts';
import type { Secret, SecretState } from './state.ts';

export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;
export type StepName = (typeof STEPS)[number];

const MOST_ATTEMPTS = 5;
const FIRST_PAUSE_MILLISECONDS = 2_000;

/** One step of the rotation that runs, or ran last, as the service itself sees it. */
export interface RotationStep {
  readonly step: StepName;
  readonly token: string;
  /** From 1; the whole rotation is tried again. */
  readonly attempt: number;
  readonly startedAt: Date;
  endedAt?: Date;
  outcome: 'running' | 'succeeded' | 'failed';
}

/** What the service is when it calls functions: their resource policies let it in, for this secret or its account. */
export const rotationPrincipal = (secret: Secret) => servicePrincipal('secretsmanager.amazonaws.com', secret.arn);

/**
 * Carries out rotations: four steps, one synchronous invocation each; the whole is tried again several times with the
 * same tokens. https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
 */
export class RotationRunner {
  readonly #state: SecretState;
  readonly #complete: (secret: Secret, token: string) => void;
  /** Secret's ARN to the token of the rotation that runs. */
  readonly #running = new Map<string, string>();
  readonly #steps = new Map<string, RotationStep[]>();
  #closed = new AbortController();

  constructor(state: SecretState, complete: (secret: Secret, token: string) => void) {
    this.#state = state;
    this.#complete = complete;
  }

  /** Abandons everything that runs; what functions still do has no consequence any more. */
  reset(): void {
    this.#closed.abort(new Error('the cloud was reset'));
    this.#closed = new AbortController();
    this.#running.clear();
    this.#steps.clear();
  }

  /** The steps of a secret's last rotation, all attempts, in the order they began. */
  steps(secretArn: string): readonly RotationStep[] {
    return this.#steps.get(secretArn) ?? [];
  }

  /** No further step or attempt begins. */
  stop(secret: Secret): void {
    this.#running.delete(secret.arn);
  }

  /** Starts the rotation to this token, in the background, unless it runs already. */
  start(secret: Secret, token: string): void {
    if (this.#running.get(secret.arn) === token) return;
    this.#running.set(secret.arn, token);
    void this.#run(secret, token).catch((error: unknown) => {
      this.#state.cloud.log(`secretsmanager: rotation of ${secret.name} ended: ${(error as Error).message}`);
    });
  }

  async #run(secret: Secret, token: string): Promise<void> {
    const { signal } = this.#closed;
    const rotationToken = randomUUID();
    try {
      for (let attempt = 1; attempt <= MOST_ATTEMPTS && this.#isPending(secret, token); attempt += 1) {
        if (attempt > 1) await sleep(this.#state.cloud.clock, FIRST_PAUSE_MILLISECONDS * 2 ** (attempt - 2), signal);
        if (await this.#attempt(secret, { token, rotationToken, attempt, signal })) {
          return this.#complete(secret, token);
        }
      }
      if (this.#isPending(secret, token)) {
        this.#state.cloud.log(`secretsmanager: rotation of ${secret.name} failed; AWSPENDING stays on ${token}`);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      if (!signal.aborted && this.#running.get(secret.arn) === token) this.#running.delete(secret.arn);
    }
  }

  /** Four steps in order; false when one failed. The function's own log says why. */
  async #attempt(
    secret: Secret,
    about: { token: string; rotationToken: string; attempt: number; signal: AbortSignal },
  ): Promise<boolean> {
    const { token, rotationToken, attempt, signal } = about;
    for (const step of STEPS) {
      if (signal.aborted || this.#running.get(secret.arn) !== token) return false;
      if (!this.#isPending(secret, token) && !this.#isCurrent(secret, token)) return false;
      const noted = this.#note(secret, { step, token, attempt });
      const isDone = await this.invoke(secret, step, token, rotationToken);
      noted.endedAt = this.#state.cloud.clock.now();
      noted.outcome = isDone ? 'succeeded' : 'failed';
      if (!isDone) return false;
    }
    return !signal.aborted && this.#isCurrent(secret, token);
  }

  /** One step; false when the function failed or could not be called. */
  async invoke(secret: Secret, step: StepName, token: string, rotationToken: string): Promise<boolean> {
    const event = { Step: step, SecretId: secret.arn, ClientRequestToken: token, RotationToken: rotationToken };
    try {
      const answer = await this.#state.cloud.call<{ FunctionError?: string }>({
        service: 'lambda',
        operation: 'Invoke',
        input: { FunctionName: secret.rotationLambdaArn, Payload: new TextEncoder().encode(JSON.stringify(event)) },
        principal: rotationPrincipal(secret),
        region: secret.region,
        signal: this.#closed.signal,
      });
      return !answer.FunctionError;
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      this.#state.cloud.log(`secretsmanager: rotation of ${secret.name}, ${step}: ${error.code}: ${error.message}`);
      return false;
    }
  }

  #note(secret: Secret, begun: Pick<RotationStep, 'step' | 'token' | 'attempt'>): RotationStep {
    const noted: RotationStep = { ...begun, startedAt: this.#state.cloud.clock.now(), outcome: 'running' };
    const sameRotation = (this.#steps.get(secret.arn) ?? []).filter(({ token }) => token === begun.token);
    this.#steps.set(secret.arn, [...sameRotation, noted]);
    return noted;
  }

  #isPending(secret: Secret, token: string): boolean {
    return secret.versions.get(token)?.stages.has('AWSPENDING') === true;
  }

  #isCurrent(secret: Secret, token: string): boolean {
    return secret.versions.get(token)?.stages.has('AWSCURRENT') === true;
  }
}
