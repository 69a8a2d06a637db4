import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { ManualClock } from '../../../packages/laptop/clock.ts';
import type { Service, ServiceFactory } from '../../../packages/laptop/cloud.ts';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createSecretsManagerService, {
  type SecretsManagerService,
} from '../../../packages/laptop/services/secretsmanager/service.ts';
import { EMERGENCY_TOKEN_PREFIX, WORKFLOW_TOKEN_PREFIX } from '../../../pipeline/contracts/labels.ts';
import type { SecretSettings } from '../../../pipeline/contracts/settings/secret.ts';
import type { RotationFunction } from '../../../pipeline/rotation/rotation-function.ts';
import { SecretStore } from '../../../pipeline/rotation/secret-store.ts';
import { serve } from '../../../pipeline/rotation/serve.ts';
import { serveVerification } from '../../../pipeline/rotation/verify.ts';
import type { Rotator } from '../../../pipeline/rotators/rotator.ts';

/** A process of the rotation function was killed: nothing it would have done afterwards happens. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

export interface Kill {
  /** The n-th call of all, from 1. */
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** Counts every call that leaves the rotation function and kills its process where it is told to. */
export class Calls {
  readonly names: string[] = [];
  kill: Kill | undefined;
  /** Calls of this name fail before they have an effect. */
  refused: string | undefined;
  /** Looks at the world around each call. */
  watch: (() => void | Promise<void>) | undefined;

  /** A process of its own for each invocation: once killed it calls nothing any more. */
  process(): <Result>(name: string, call: () => Promise<Result>) => Promise<Result> {
    let isDead = false;
    const die = (name: string) => {
      isDead = true;
      this.kill = undefined;
      throw new Killed(`killed around ${name}`);
    };
    return async (name, call) => {
      if (isDead) throw new Killed(`dead before ${name}`);
      this.names.push(name);
      const number = this.names.length;
      await this.watch?.();
      if (this.kill?.call === number && this.kill.when === 'before') die(name);
      try {
        if (name === this.refused)
          throw Object.assign(new Error(`${name} was refused`), { name: 'AccessDeniedException' });
        return await call();
      } finally {
        await this.watch?.();
        // Whatever came back, its process is no more there to hear it.
        if (this.kill?.call === number && this.kill.when === 'after') die(name);
      }
    };
  }
}

type Around = ReturnType<Calls['process']>;

const processes = new AsyncLocalStorage<Around>();

/** A call that goes through the process in which it is made. */
export function inProcess<Result>(name: string, call: () => Promise<Result>): Promise<Result> {
  const around = processes.getStore();
  return around ? around(name, call) : call();
}

/** An SDK client whose calls go through the process in which they are made. */
export function counted<Client extends { middlewareStack: { add: (...args: any[]) => void } }>(client: Client): Client {
  client.middlewareStack.add(
    (next: (args: unknown) => Promise<unknown>, context: { commandName?: string }) => (args: unknown) =>
      inProcess(context.commandName ?? 'a command', () => next(args)),
    { step: 'initialize' },
  );
  return client;
}

export interface Laptop {
  readonly cloud: RunningCloud;
  readonly clock: ManualClock;
  readonly secrets: SecretsManagerClient;
  /** The same, for rotation functions. */
  readonly countedSecrets: SecretsManagerClient;
  readonly clientOptions: { region: string; endpoint: string; credentials: any; maxAttempts: number };
  readonly service: SecretsManagerService;
  readonly functions: Map<string, (event: unknown) => Promise<unknown>>;
  close(): Promise<void>;
}

/** The laptop's Secrets Manager, whose rotation functions run in this process. */
export async function openLaptop(services: ServiceFactory[] = [], random = Math.random): Promise<Laptop> {
  const clock = new ManualClock(new Date('2026-03-01T00:00:00Z'));
  const functions: Laptop['functions'] = new Map();
  const lambda = (): Service => ({
    name: 'lambda',
    schemas: () => import('@aws-sdk/client-lambda') as Promise<Record<string, unknown>>,
    operations: {
      Invoke: {
        handle: async (input: { FunctionName: string; Payload: Uint8Array }) => {
          const run = functions.get(input.FunctionName);
          if (!run) throw new Error(`There is no function ${input.FunctionName}.`);
          try {
            const answer = await run(JSON.parse(new TextDecoder().decode(input.Payload)));
            return { StatusCode: 200, Payload: new TextEncoder().encode(JSON.stringify(answer ?? null)) };
          } catch {
            return { StatusCode: 200, FunctionError: 'Unhandled' };
          }
        },
      },
    },
    reset() {},
  });
  const cloud = await createCloud({
    services: [createSecretsManagerService, lambda, ...services],
    clock,
    random,
    log: () => {},
  });
  const clientOptions = {
    region: cloud.region,
    endpoint: cloud.endpointUrl,
    credentials: cloud.administrator,
    maxAttempts: 1,
  };
  const secrets = new SecretsManagerClient(clientOptions);
  const countedSecrets = counted(new SecretsManagerClient(clientOptions));
  const close = async () => {
    secrets.destroy();
    countedSecrets.destroy();
    await cloud.close();
  };
  return {
    cloud,
    clock,
    secrets,
    countedSecrets,
    clientOptions,
    service: cloud.service('secretsmanager'),
    functions,
    close,
  };
}

export interface Managed {
  readonly arn: string;
  readonly name: string;
  readonly settings: SecretSettings;
  readonly calls: Calls;
  /** Errors of the rotation function, as Secrets Manager's attempts met them. */
  readonly failures: unknown[];
  /** RotateSecret, and Secrets Manager's own attempts until it is promoted, gives up, or has lost AWSPENDING; or fewer. */
  rotate(options?: {
    emergency?: boolean;
    attempts?: number;
    /** A token as Secrets Manager makes them itself. */
    native?: boolean;
  }): Promise<{ token: string; previous: string; promoted: boolean }>;
  /** What the workflow asks, tried again as a Task state with Retry does. */
  ask(request: { operation: string } & Record<string, unknown>): Promise<any>;
  /** One invocation as it comes. */
  invoke(event: unknown): Promise<unknown>;
  value(stage?: string): string;
  put(value: string): Promise<string>;
  stages(): Promise<Record<string, string[]>>;
  versionWith(stage: string): Promise<string | undefined>;
}

const ATTEMPTS = 5;

/** A secret with a first value in the care of a rotator; each invocation is a process of its own. */
export async function manage<Settings>(
  laptop: Laptop,
  options: {
    value: string;
    settings: Settings;
    secret?: Partial<SecretSettings>;
    rotator(secretsManager: SecretsManagerClient): Rotator<any, Settings>;
    /** How a rotation that Secrets Manager began by itself is given to the workflow. */
    adopt?: RotationFunction['adopt'];
  },
): Promise<Managed> {
  const { clock, secrets, service } = laptop;
  const name = `app/${randomUUID().slice(0, 8)}`;
  const created = await secrets.send(new CreateSecretCommand({ Name: name, SecretString: options.value }));
  const arn = created.ARN as string;
  const functionArn = `arn:aws:lambda:${laptop.cloud.region}:${laptop.cloud.accountId}:function:${name.replace('/', '-')}`;
  const calls = new Calls();
  const failures: unknown[] = [];
  const settings: SecretSettings = {
    schemaVersion: 1,
    name,
    kind: 'api-key',
    rotated: true,
    rotator: {},
    gracePeriodSeconds: 3_600,
    promotionTimeoutSeconds: 900,
    evidenceIntervalSeconds: 60,
    rollBackHandPutValues: false,
    consumers: [],
    checks: [],
    mirrors: [],
    ...options.secret,
  };
  const invoke = async (event: unknown): Promise<unknown> => {
    const rotationFunction: RotationFunction<any, Settings> = {
      store: new SecretStore(laptop.countedSecrets),
      rotator: options.rotator(laptop.countedSecrets),
      readSettings: async () => ({ secret: settings, rotator: options.settings }),
      adopt: options.adopt ?? (async () => undefined),
      report: {
        stepSucceeded: async () => undefined,
        stepFailed: async () => undefined,
        endFailed: ({ error }) => failures.push(error),
      },
      now: () => clock.now(),
    };
    // The audit asks another function than Secrets Manager and the workflow do.
    const serving = (event as { operation?: string }).operation === 'Verify' ? serveVerification : serve;
    return processes.run(calls.process(), () => serving(rotationFunction as RotationFunction, event));
  };
  const progress: Progress = { invocations: 0, running: 0, failed: 0, finished: false };
  laptop.functions.set(functionArn, async (event) => {
    progress.invocations += 1;
    progress.running += 1;
    try {
      const answer = await invoke(event);
      if ((event as { Step?: string }).Step === 'finishSecret') progress.finished = true;
      return answer;
    } catch (error) {
      failures.push(error);
      progress.failed += 1;
      throw error;
    } finally {
      progress.running -= 1;
    }
  });
  const stages = async () =>
    (await secrets.send(new DescribeSecretCommand({ SecretId: arn }))).VersionIdsToStages as Record<string, string[]>;
  const versionWith = async (stage: string) =>
    Object.entries(await stages()).find(([, labels]) => labels.includes(stage))?.[0];

  return {
    arn,
    name,
    settings,
    calls,
    failures,
    invoke,
    stages,
    versionWith,
    value: (stage = 'AWSCURRENT') => service.read(laptop.cloud.region, arn, stage) as string,
    put: async (value) =>
      (await secrets.send(new PutSecretValueCommand({ SecretId: arn, SecretString: value }))).VersionId as string,

    async rotate({ emergency = false, attempts = ATTEMPTS, native = false } = {}) {
      const previous = (await versionWith('AWSCURRENT')) as string;
      const prefix = emergency ? EMERGENCY_TOKEN_PREFIX : WORKFLOW_TOKEN_PREFIX;
      const token = `${native ? '' : prefix}${randomUUID().replaceAll('-', '')}00000000`;
      Object.assign(progress, { invocations: 0, failed: 0, finished: false });
      await secrets.send(
        new RotateSecretCommand({ SecretId: arn, RotationLambdaARN: functionArn, ClientRequestToken: token }),
      );
      await drive(laptop, { token, progress, stages, attempts });
      const promoted = (await versionWith('AWSCURRENT')) === token;
      return { token, previous, promoted };
    },

    async ask(request) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await invoke(JSON.parse(JSON.stringify({ secretArn: arn, ...request })));
        } catch (error) {
          const isWorthRetrying = error instanceof Killed || (error as { retryable?: boolean }).retryable === true;
          if (!isWorthRetrying || attempt === ATTEMPTS) throw error;
          await clock.advance(2_000 * 2 ** (attempt - 1));
        }
      }
    },
  };
}

interface Progress {
  invocations: number;
  running: number;
  failed: number;
  finished: boolean;
}

/** Lets Secrets Manager's pauses pass, until the rotation has come to an end. */
async function drive(
  laptop: Laptop,
  {
    token,
    progress,
    stages,
    attempts,
  }: { token: string; progress: Progress; stages: () => Promise<Record<string, string[]>>; attempts: number },
): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (let paused = 0; ; ) {
    if (Date.now() > deadline) throw new Error('The rotation did not come to an end.');
    await wait(1);
    if (progress.running > 0) continue;
    const labels = (await stages())[token] ?? [];
    if (progress.finished && labels.includes('AWSCURRENT') && !labels.includes('AWSPENDING')) return;
    if (progress.failed > 0 && (progress.failed >= attempts || !labels.includes('AWSPENDING'))) return;
    const isOvertaken = !labels.includes('AWSPENDING') && !labels.includes('AWSCURRENT');
    if (progress.invocations > 0 && isOvertaken) return;
    if (progress.failed === paused) continue;
    const { failed, invocations } = progress;
    await laptop.clock.advance(2_000 * 2 ** (failed - 1));
    // The pause may begin a turn later than the failure was seen; then it has not passed yet.
    for (let turn = 0; turn < 20 && progress.invocations === invocations; turn += 1) await wait(2);
    if (progress.invocations > invocations) paused = failed;
  }
}
