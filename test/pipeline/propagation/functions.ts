import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { type RecycleRequest, recycleConsumer } from '../../../pipeline/propagation/recycle-consumer.ts';
import { RECYCLE_VARIABLE } from '../../../pipeline/propagation/recycle-mark.ts';
import { asPerson, clientOf, invoke, make, startLaptop } from '../../packages/laptop/services/lambda/laptop.ts';

export const SECRET = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf';

/** Answers from which environment, and what it began with. */
const code = `
const id = Math.random().toString(36).slice(2);
exports.handler = async (event) => {
  await new Promise((resolve) => setTimeout(resolve, event.wait ?? 0));
  return { id, mark: process.env.${RECYCLE_VARIABLE} ?? null };
};`;

/** Functions of somebody's, on a laptop of its own. */
export class Functions {
  readonly cloud: RunningCloud;
  readonly client: LambdaClient;
  #count = 0;
  readonly #asked = new Map<string, { versionId: string; promotedAt: Date }>();

  private constructor(cloud: RunningCloud) {
    this.cloud = cloud;
    this.client = clientOf(cloud);
  }

  static async start(): Promise<Functions> {
    return new Functions(await startLaptop());
  }

  ask(operation: string, input: object): Promise<any> {
    return asPerson(this.cloud, 'lambda', operation, input);
  }

  async make(more: object = {}): Promise<string> {
    this.#count += 1;
    const name = `consumer-${this.#count}`;
    await make(this.cloud, code, { name, Environment: { Variables: { STAGE: 'prod' } }, ...more });
    return name;
  }

  /** The same version asked for again is the same promotion; another one is a later one. */
  request(name: string, versionId: string, more: Partial<RecycleRequest> = {}): RecycleRequest {
    const functionArn = `arn:aws:lambda:${this.cloud.region}:${this.cloud.accountId}:function:${name}`;
    const itemArn = more.itemArn ?? SECRET;
    const before = this.#asked.get(`${name} ${itemArn}`);
    const promotedAt = new Date((before?.promotedAt.getTime() ?? Date.parse('2026-03-01T00:00:00Z')) + 1_000);
    const asked = before?.versionId === versionId ? before : { versionId, promotedAt };
    this.#asked.set(`${name} ${itemArn}`, asked);
    return { functionArn, itemArn, ...asked, ...more };
  }

  step(asked: RecycleRequest, now = new Date()) {
    return recycleConsumer(this.client, asked, now);
  }

  /** Steps until it is done, as the state machine does; a conflict is tried again. */
  async recycle(asked: RecycleRequest, steps: string[] = []): Promise<{ timeoutSeconds: number }> {
    for (let attempt = 0; attempt < 1_000; attempt += 1) {
      const progress = await this.#stepOrConflict(asked);
      steps.push(progress.done ? 'done' : progress.waitingFor);
      if (progress.done) return progress;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`Not done after ${steps.length} steps: ${[...new Set(steps)].join('; ')}.`);
  }

  async #stepOrConflict(asked: RecycleRequest) {
    try {
      return await this.step(asked);
    } catch (error) {
      if ((error as { code?: string }).code !== 'RecycleConflict') throw error;
      return { done: false as const, waitingFor: 'conflict' };
    }
  }

  /** What a deployment sets, and our variable apart from it. */
  async configurationOf(name: string, Qualifier?: string) {
    const { Configuration } = await this.ask('GetFunction', { FunctionName: name, ...(Qualifier && { Qualifier }) });
    const { RevisionId, LastModified, LastUpdateStatus, State, Environment, ...rest } = Configuration;
    const { [RECYCLE_VARIABLE]: mark, ...variables } = Environment?.Variables ?? {};
    return { ...rest, variables, mark };
  }

  /** Eight environments at once: what each began with. */
  async environments(name: string, Qualifier?: string): Promise<Map<string, string | null>> {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => invoke(this.cloud, { wait: 100 }, { name, ...(Qualifier && { Qualifier }) })),
    );
    return new Map(answers.map(({ payload }) => [payload.id, payload.mark]));
  }

  async versionsOf(name: string): Promise<string[]> {
    const { Versions } = await this.ask('ListVersionsByFunction', { FunctionName: name });
    return Versions.map(({ Version }: { Version: string }) => Version);
  }
}

export const caught = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => undefined,
    (error) => error,
  );
