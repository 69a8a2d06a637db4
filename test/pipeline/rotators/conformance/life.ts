import { randomUUID } from 'node:crypto';
import { RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { WORKFLOW_TOKEN_PREFIX } from '../../../../pipeline/contracts/labels.ts';
import { isPermanent, KeyturnError } from '../../../../pipeline/errors.ts';
import { Killed } from '../native-rotation.ts';
import type { ConformingSecret } from './conforming-secret.ts';

/** What is asked of a rotator, in the order of a secret's life. Verify and GatherEvidence read only. */
export const operations = [
  'createSecret',
  'setSecret',
  'testSecret',
  'finishSecret',
  'Abandon',
  'RollBack',
  'GatherEvidence',
  'Retire',
  'Verify',
] as const;
export type Operation = (typeof operations)[number];

/** How an operation ends: it is done, or a stable code says why nothing was done. */
export type Ending = 'done' | { readonly refused: string };

const GRACE_MILLISECONDS = 86_400_000;
const TRIES = 6;

/** One rotation whose operations are called one by one; nothing else calls them. */
export class Life {
  readonly #subject: ConformingSecret;
  readonly #token: string;
  readonly #previous: string;
  #promotedAt: string;

  private constructor(subject: ConformingSecret, token: string, previous: string) {
    this.#subject = subject;
    this.#token = token;
    this.#previous = previous;
    this.#promotedAt = subject.laptop.clock.now().toISOString();
  }

  /** RotateSecret has put AWSPENDING, and no step has been called. */
  static async begin(subject: ConformingSecret): Promise<Life> {
    const { laptop, secret } = subject;
    const previous = (await secret.versionWith('AWSCURRENT')) as string;
    const token = `${WORKFLOW_TOKEN_PREFIX}${randomUUID().replaceAll('-', '')}00000000`;
    const functionArn = `arn:aws:lambda:${laptop.cloud.region}:${laptop.cloud.accountId}:function:${secret.name.replace('/', '-')}`;
    // Secrets Manager's own attempts change nothing: the test calls the steps.
    laptop.functions.set(functionArn, async () => {
      throw new Error('The test calls the steps itself.');
    });
    await laptop.secrets.send(
      new RotateSecretCommand({ SecretId: secret.arn, RotationLambdaARN: functionArn, ClientRequestToken: token }),
    );
    return new Life(subject, token, previous);
  }

  /** Calls every operation that comes before this one, each once. */
  async arriveBefore(operation: Operation): Promise<void> {
    const steps = operations.slice(0, 4);
    const wanted = steps.includes(operation) ? operations.indexOf(operation) : operation === 'Abandon' ? 3 : 4;
    for (const step of steps.slice(0, wanted)) {
      const ending = await this.call(step);
      if (ending !== 'done') throw new Error(`${step} was refused: ${ending.refused}`);
    }
    if (operation === 'Retire') await this.#subject.laptop.clock.advance(GRACE_MILLISECONDS);
  }

  /** The operation, tried again as its caller does, unless the process is killed around it. */
  async call(operation: Operation): Promise<Ending> {
    for (let tries = 1; ; tries += 1) {
      try {
        await this.#invoke(operation);
        return 'done';
      } catch (error) {
        if (error instanceof Killed) throw error;
        if (isPermanent(error)) return { refused: (error as KeyturnError).code };
        if (!(error instanceof KeyturnError) || tries === TRIES) throw error;
      }
    }
  }

  /** The same, killed after its n-th call; false where it makes fewer. */
  async killed(operation: Operation, call: number): Promise<boolean> {
    const { calls } = this.#subject.secret;
    calls.kill = { call: calls.names.length + call, when: 'after' };
    try {
      await this.#invoke(operation);
    } catch (error) {
      // A process that is gone has no caller: what it would have thrown counts only where it was not killed.
      if (calls.kill !== undefined) throw error;
    }
    const wasKilled = calls.kill === undefined;
    calls.kill = undefined;
    return wasKilled;
  }

  /**
   * What the workflow does at the end, whatever came before: nothing of the rotation is left. What a version that was rolled
   * back holds goes with the next rotation.
   */
  async close(): Promise<void> {
    const { secret, laptop } = this.#subject;
    const labels = (await secret.stages())[this.#token] ?? [];
    if (!labels.includes('AWSCURRENT') && !labels.includes('KEYTURN_FAILED')) await this.call('Abandon');
    else if (labels.includes('KEYTURN_FAILED')) {
      await this.call('RollBack');
      const next = await Life.begin(this.#subject);
      await next.arriveBefore('Retire');
      await next.close();
    } else {
      await laptop.clock.advance(GRACE_MILLISECONDS);
      await this.call('Retire');
    }
  }

  /** Labels of the two versions, and what the target knows. */
  async seen(): Promise<unknown> {
    const stages = await this.#subject.secret.stages();
    return {
      candidate: stages[this.#token] ?? [],
      previous: stages[this.#previous] ?? [],
      target: await this.#subject.target(),
    };
  }

  #invoke(operation: Operation): Promise<unknown> {
    const { secret } = this.#subject;
    const versions = { versionId: this.#token, previousVersionId: this.#previous };
    const asked = { operation, secretArn: secret.arn };
    switch (operation) {
      case 'createSecret':
      case 'setSecret':
      case 'testSecret':
      case 'finishSecret':
        return secret.invoke({ Step: operation, SecretId: secret.arn, ClientRequestToken: this.#token });
      case 'Abandon':
        return secret.invoke({ ...asked, versionId: this.#token });
      case 'RollBack':
      case 'Verify':
        return secret.invoke({ ...asked, ...versions });
      case 'GatherEvidence':
      case 'Retire':
        return secret.invoke({ ...asked, ...versions, promotedAt: this.#promotedAt });
    }
  }
}
