import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SFNClient } from '@aws-sdk/client-sfn';
import { loadAssembly } from '../../packages/laptop/assembly/load-assembly.ts';
import { type CloudOptions, createCloud } from '../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../packages/laptop/running-cloud.ts';
import { person } from '../../test/packages/laptop/services/lambda/laptop.ts';
import { createLogin as createDatabaseLogin } from '../../test/scenarios/lab/create-login.ts';
import { Executions } from '../../test/scenarios/lab/executions.ts';

/** A synthesized stack of the benchmarks, running on a laptop. */
export interface BenchLaptop {
  readonly cloud: RunningCloud;
  readonly executions: Executions;
  readonly outputs: Readonly<Record<string, string>>;
  /** A call of a person who may do anything. */
  ask(service: string, operation: string, input: object): Promise<any>;
}

/** Waits take their own time; what AWS does twice or late by chance is left out, so that runs can be compared. */
const settings = { eventsDuplicatedRate: 0, stateMachineTimeScale: 1 };

const QUIET_MILLISECONDS = 2_000;

export async function withStack<Result>(
  name: 'costs' | 'convergence' | 'fleet',
  work: (laptop: BenchLaptop) => Promise<Result>,
  options: Pick<CloudOptions, 'recordedCalls'> = {},
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-bench-'));
  const app = fileURLToPath(new URL('./app.ts', import.meta.url));
  try {
    await promisify(execFile)(
      process.execPath,
      ['--conditions=keyturn-source', '--import', 'tsx', '--no-warnings', app],
      {
        env: { ...process.env, NODE_OPTIONS: '', CDK_OUTDIR: folder, BENCH_STACK: name },
      },
    );
    const cloud = await createCloud({ log: () => undefined, settings, ...options });
    const client = new SFNClient({
      endpoint: cloud.endpointUrl,
      region: cloud.region,
      credentials: cloud.administrator,
    });
    try {
      const [stack] = await loadAssembly(folder, cloud);
      const ask: BenchLaptop['ask'] = (service, operation, input) =>
        cloud.call({ service, operation, input, principal: person });
      const laptop = { cloud, ask, executions: new Executions(client, cloud), outputs: stack?.outputs ?? {} };
      const result = await work(laptop);
      await quiet(cloud);
      return result;
    } finally {
      client.destroy();
      await cloud.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Events are written into the history a moment later, and the next benchmark shall have the machine for itself. */
async function quiet({ recorder }: RunningCloud): Promise<void> {
  let lastAt = Date.now();
  const stop = recorder.subscribe(() => {
    lastAt = Date.now();
  });
  while (Date.now() - lastAt < QUIET_MILLISECONDS) await pause(100);
  stop();
}

/** A deployment has Secrets Manager try the rotation function: until that is over, the secret is busy. */
export async function settled({ ask }: BenchLaptop, secretId: string): Promise<void> {
  for (;;) {
    const { VersionIdsToStages = {} } = await ask('secretsmanager', 'DescribeSecret', { SecretId: secretId });
    if (!Object.values<string[]>(VersionIdsToStages).flat().includes('AWSPENDING')) return;
    await pause(50);
  }
}

export async function currentValue({ ask }: BenchLaptop, secretId: string): Promise<any> {
  const { SecretString = '{}' } = await ask('secretsmanager', 'GetSecretValue', { SecretId: secretId });
  return JSON.parse(SecretString);
}

/** Makes the login of a secret. */
export async function createLogin(laptop: BenchLaptop, secretId: string): Promise<void> {
  const superuser = await currentValue(laptop, 'bench-superuser');
  await createDatabaseLogin(laptop.cloud, superuser, await currentValue(laptop, secretId));
}
