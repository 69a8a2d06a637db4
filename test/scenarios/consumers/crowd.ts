import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DescribeSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { type LoadedStack, loadAssembly } from '../../../packages/laptop/assembly/load-assembly.ts';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import { findLeaks } from '../../../packages/laptop/leaks/find-leaks.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { eventually } from '../../eventually.ts';
import { asPerson } from '../../packages/laptop/services/lambda/laptop.ts';
import { createLogin } from '../lab/create-login.ts';
import { Executions } from '../lab/executions.ts';
import type { Request, Response } from './consumer.ts';

/** Environments of one function that are warm at once. */
export const ENVIRONMENTS = 8;
const PREFIX = 'crowd/';

/** The consumers' stack, synthesized and running on a laptop, with its logins made. */
export class Crowd {
  readonly cloud: RunningCloud;
  readonly executions: Executions;
  readonly functions: string[];
  readonly #secrets: SecretsManagerClient;

  private constructor(cloud: RunningCloud, stack: LoadedStack) {
    this.cloud = cloud;
    this.functions = Object.entries(stack.outputs).flatMap(([name, value]) => (/^Function/.test(name) ? [value] : []));
    const configuration = {
      endpoint: cloud.endpointUrl,
      region: cloud.region,
      credentials: cloud.administrator,
    };
    this.#secrets = new SecretsManagerClient(configuration);
    this.executions = new Executions(new SFNClient(configuration), cloud);
  }

  /** Machines wait a hundredth of their time; caches and databases keep to the clock. */
  static async gather(): Promise<Crowd> {
    const assembly = await synthesize();
    const cloud = await createCloud({ log: () => {}, settings: { stateMachineTimeScale: 0.01 } });
    try {
      const [stack] = await loadAssembly(assembly, cloud);
      const crowd = new Crowd(cloud, stack as LoadedStack);
      for (const login of ['notified', 'recycled'] as const) {
        // A deployment has Secrets Manager try the rotation functions.
        await eventually(`the end of the trial of ${login}`, async () =>
          (await crowd.labels(login)).AWSPENDING === undefined ? true : undefined,
        );
        await crowd.#createLogin(login);
      }
      return crowd;
    } catch (error) {
      await cloud.close();
      throw error;
    } finally {
      rmSync(assembly, { recursive: true, force: true });
    }
  }

  /** Rotates to the end of the execution, and to that of the recycles; the grace period of the rotation before is cut short, with evidence. */
  async rotate(login: Request['login']): Promise<Rotated> {
    const startedAt = Date.now();
    const from = this.cloud.recorder.calls().at(-1)?.sequence ?? 0;
    const execution = await this.executions.rotate(`${PREFIX}${login}`, { retireNow: true });
    expect([execution.status, execution.error, execution.cause]).toEqual(['SUCCEEDED', undefined, undefined]);
    const { versionId, propagation } = JSON.parse(execution.output ?? '{}');
    expect(propagation.consumers.map((one: { state: string }) => one.state)).not.toContain('lagging');
    // The first write closes the rotation before; the last one promotes.
    const moved = this.cloud.recorder
      .calls({ operation: 'UpdateSecretVersionStage', afterSequence: from, outcome: 'ok' })
      .filter(({ resources }) => resources.some((arn) => arn.includes(`${PREFIX}${login}-`)))
      .at(-1);
    if (!moved) throw new Error('The recorder has no promotion of this rotation.');
    const promotedAt = Date.parse(moved.time) + moved.durationMilliseconds;
    // A bound is an hour away; a recycle is confirmed when every environment is new and the longest invocation is over.
    if (login === 'recycled') {
      const watching = await this.executions.ofVersion('await-convergence', versionId);
      expect(JSON.parse(watching.output ?? '{}')).toMatchObject({ outcome: 'converged' });
    }
    return { versionId, startedAt, promotedAt, endedAt: Date.now() };
  }

  async labels(login: Request['login']): Promise<Record<string, string>> {
    const { VersionIdsToStages = {} } = await this.#secrets.send(
      new DescribeSecretCommand({ SecretId: `${PREFIX}${login}` }),
    );
    return Object.fromEntries(
      Object.entries(VersionIdsToStages).flatMap(([versionId, stages]) => stages.map((stage) => [stage, versionId])),
    );
  }

  /** The scenario ends with a search for every value in everything that left the memory of functions. */
  async close(): Promise<void> {
    try {
      expect(await findLeaks(this.cloud)).toEqual([]);
    } finally {
      await this.cloud.close();
    }
  }

  async #value(name: string): Promise<{ username: string; password: string; host: string }> {
    const { SecretString = '{}' } = await this.#secrets.send(
      new GetSecretValueCommand({ SecretId: `${PREFIX}${name}` }),
    );
    return JSON.parse(SecretString);
  }

  async #createLogin(login: string): Promise<void> {
    await createLogin(this.cloud, await this.#value('superuser'), await this.#value(login));
  }
}

/** When a rotation was asked for, when AWSCURRENT had moved, and when the execution had ended. */
export interface Rotated {
  readonly versionId: string;
  readonly startedAt: number;
  readonly promotedAt: number;
  readonly endedAt: number;
}

export interface Served extends Response {
  readonly functionName: string;
  readonly startedAt: number;
}

/**
 * So many requests a second to all functions together, in waves: one request for each environment of a function at
 * once, so that every wave meets all of them. Waves that are late are made up for.
 */
export class CrowdTraffic {
  readonly served: Served[] = [];
  readonly failures: string[] = [];
  readonly #crowd: Crowd;
  readonly #login: Request['login'];
  readonly #running: Promise<unknown>;
  readonly #waveMilliseconds: number;
  readonly #lateMilliseconds = new Map<string, number>();
  #stopped = false;
  readonly #startedAt = Date.now();
  #seconds = 0;

  constructor(crowd: Crowd, login: Request['login'], requestsASecond: number) {
    this.#crowd = crowd;
    this.#login = login;
    this.#waveMilliseconds = (1000 * ENVIRONMENTS * crowd.functions.length) / requestsASecond;
    this.#running = Promise.all(crowd.functions.map((name, index) => this.#send(name, index)));
  }

  get requestsASecond(): number {
    return Math.round(this.served.length / (this.#seconds || (Date.now() - this.#startedAt) / 1000));
  }

  /** Resolves when every function has answered from all of its environments since a moment. */
  async warm(since = Date.now()): Promise<void> {
    await eventually('answers of every environment', async () => {
      const seen = this.#crowd.functions.map((functionName) => {
        const answers = this.served.filter((one) => one.functionName === functionName && one.startedAt >= since);
        return new Set(answers.map(({ environmentId }) => environmentId)).size;
      });
      return seen.every((count) => count >= ENVIRONMENTS) ? true : undefined;
    });
  }

  /** Waits until no wave is late; a machine that is too slow for the rate is given up after a while. */
  async caughtUp(seconds: number): Promise<void> {
    const deadline = Date.now() + seconds * 1000;
    const late = () => Math.max(...this.#crowd.functions.map((name) => this.#lateMilliseconds.get(name) ?? 0));
    while (Date.now() < deadline && late() > this.#waveMilliseconds) await pause(20);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#seconds ||= (Date.now() - this.#startedAt) / 1000;
  }

  async #send(functionName: string, index: number): Promise<void> {
    const first = this.#startedAt + (index * this.#waveMilliseconds) / this.#crowd.functions.length;
    for (let wave = 0; !this.#stopped; wave += 1) {
      const early = first + wave * this.#waveMilliseconds - Date.now();
      this.#lateMilliseconds.set(functionName, Math.max(0, -early));
      if (early > 0) await pause(early);
      await Promise.all(Array.from({ length: ENVIRONMENTS }, () => this.#request(functionName)));
    }
  }

  async #request(functionName: string): Promise<void> {
    const startedAt = Date.now();
    try {
      const answer = await asPerson(this.#crowd.cloud, 'lambda', 'Invoke', {
        FunctionName: functionName,
        Payload: Buffer.from(JSON.stringify({ login: this.#login } satisfies Request)),
      });
      const payload = Buffer.from(answer.Payload).toString('utf8');
      if (answer.FunctionError) this.failures.push(`${functionName}: ${payload}`);
      else this.served.push({ ...(JSON.parse(payload) as Response), functionName, startedAt });
    } catch (error) {
      this.failures.push(`${functionName}: ${(error as Error).name} ${(error as Error).message}`);
    }
  }
}

/** As `cdk synth` does, into a folder of its own. */
async function synthesize(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-crowd-'));
  const app = fileURLToPath(new URL('./app.ts', import.meta.url));
  await promisify(execFile)(process.execPath, ['--conditions=keyturn-source', '--import', 'tsx', app], {
    env: { ...process.env, NODE_OPTIONS: '', CDK_OUTDIR: folder },
  });
  return folder;
}
