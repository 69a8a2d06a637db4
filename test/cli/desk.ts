import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  GetFunctionCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { CreateDBInstanceCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { zipSync } from 'fflate';
import pg from 'pg';
import { loadAssembly } from '../../packages/laptop/assembly/load-assembly.ts';
import { systemClock } from '../../packages/laptop/clock.ts';
import { createCloud } from '../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../packages/laptop/running-cloud.ts';
import type { RdsService } from '../../packages/laptop/services/rds/service.ts';
import { eventually } from '../eventually.ts';
import { runFolder } from '../laptop-requests.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Called with all that was said so far. */
  onOutput?(so: { stdout: string; stderr: string }, kill: (signal: NodeJS.Signals) => void): void;
}

/** What a run of the tests tells those that synthesize. */
export function ofSynthesis(): Record<string, string> {
  const { CDK_VALIDATION = 'true', KEYTURN_BUNDLES } = process.env;
  return { CDK_VALIDATION, ...(KEYTURN_BUNDLES && { KEYTURN_BUNDLES }) };
}

/** Runs a command of the house as a process of its own, without a terminal. */
export function runProcess(
  command: string[],
  env: Record<string, string> = {},
  options: RunOptions = {},
): Promise<Ended> {
  const child = spawn(process.execPath, command, {
    cwd: options.cwd ?? ROOT,
    // Nothing of the machine's own AWS settings, and of the test runner's, reaches it.
    env: {
      ...{ PATH: process.env.PATH, HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' },
      LAPTOP_RUN_FOLDER: runFolder,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (text) => {
      said[stream] += text;
      options.onOutput?.(said, (signal) => child.kill(signal));
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}

export function keyturn(words: string[], env: Record<string, string> = {}, options: RunOptions = {}): Promise<Ended> {
  return runProcess([join(ROOT, 'bin', 'keyturn.js'), ...words], env, options);
}

const superuser = { username: 'boss', password: 'Administrator1' };

/**
 * A laptop with a database and secrets as somebody has them before they meet Keyturn; then the stack of a manifest,
 * synthesized by bin/app.ts and loaded.
 */
export class Desk {
  readonly cloud: RunningCloud;
  readonly folder: string;
  readonly secrets: SecretsManagerClient;
  readonly lambda: LambdaClient;
  readonly iam: IAMClient;
  readonly rds: RDSClient;
  readonly caPath: string;
  host = '';

  readonly #past: { milliseconds: number };

  private constructor(cloud: RunningCloud, past: { milliseconds: number }) {
    this.cloud = cloud;
    this.#past = past;
    this.folder = mkdtempSync(join(tmpdir(), 'keyturn-desk-'));
    const configuration = {
      endpoint: cloud.endpointUrl,
      region: cloud.region,
      credentials: cloud.administrator,
    };
    this.secrets = new SecretsManagerClient(configuration);
    this.lambda = new LambdaClient(configuration);
    this.iam = new IAMClient(configuration);
    this.rds = new RDSClient(configuration);
    this.caPath = cloud.service<RdsService>('rds').caBundlePath;
  }

  static async open(): Promise<Desk> {
    const past = { milliseconds: 0 };
    const clock = { ...systemClock, now: () => new Date(Date.now() - past.milliseconds) };
    const cloud = await createCloud({
      settings: { stateMachineTimeScale: 0.01 },
      clock,
      runFolder,
      log: () => undefined,
    });
    const desk = new Desk(cloud, past);
    try {
      await desk.#createDatabase();
      return desk;
    } catch (error) {
      await desk.close();
      throw error;
    }
  }

  /** Does something that, to the cloud, was done so many hours ago. */
  async hoursAgo<Result>(hours: number, run: () => Promise<Result>): Promise<Result> {
    this.#past.milliseconds = hours * 3_600_000;
    try {
      return await run();
    } finally {
      this.#past.milliseconds = 0;
    }
  }

  /** Synthesizes the stack of a manifest and loads it. */
  async deploy(manifest: object): Promise<void> {
    const assembly = join(this.folder, 'cdk.out');
    const path = this.write('keyturn.json', manifest);
    // As `cdk synth -c manifest=…` runs it.
    const { context } = JSON.parse(readFileSync(join(ROOT, 'cdk.json'), 'utf8'));
    const env = { CDK_CONTEXT_JSON: JSON.stringify({ ...context, manifest: path }), CDK_OUTDIR: assembly };
    const synthesis = await runProcess(['--conditions=keyturn-source', '--import', 'tsx', join('bin', 'app.ts')], {
      ...ofSynthesis(),
      ...env,
    });
    if (synthesis.code !== 0) throw new Error(synthesis.stderr);
    await loadAssembly(assembly, this.cloud);
  }

  write(name: string, content: object): string {
    const path = join(this.folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  }

  /** The command line against this laptop, as the administrator. */
  keyturn(words: string[], env: Record<string, string> = {}, options: RunOptions = {}): Promise<Ended> {
    return keyturn(
      [...words, '--laptop', '--endpoint', this.cloud.endpointUrl],
      { PGSSLROOTCERT: this.caPath, ...env },
      options,
    );
  }

  /** The secret of a login of the database, and the login itself. */
  async createLogin(secretName: string, username: string): Promise<void> {
    const password = `first-${username}`;
    const value = { engine: 'postgres', host: this.host, port: 5432, dbname: 'app', username, password };
    await this.createSecret(secretName, value);
    await this.query(
      `CREATE ROLE ${username} LOGIN PASSWORD '${password}'; GRANT CREATE, USAGE ON SCHEMA public TO ${username}`,
    );
  }

  async createSecret(name: string, value: object): Promise<void> {
    await this.secrets.send(new CreateSecretCommand({ Name: name, SecretString: JSON.stringify(value) }));
  }

  async value(secretId: string): Promise<Record<string, string>> {
    const answer = await this.secrets.send(new GetSecretValueCommand({ SecretId: secretId }));
    return JSON.parse(answer.SecretString ?? '');
  }

  /** Version ids by label. */
  async labels(secretId: string): Promise<Record<string, string>> {
    const { VersionIdsToStages = {} } = await this.secrets.send(new DescribeSecretCommand({ SecretId: secretId }));
    const entries = Object.entries(VersionIdsToStages);
    return Object.fromEntries(entries.flatMap(([id, stages]) => stages.map((stage) => [stage, id])));
  }

  /** A check of somebody's: its answer is what its one environment variable says. */
  async createGate(name: string): Promise<void> {
    const code = `exports.handler = async () => {
      if (process.env.GATE === 'closed') throw Object.assign(new Error('The gate is closed.'), { name: 'CheckFailed' });
      return { observed: 'the gate is open' };
    };`;
    const Statement = [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }];
    const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    const { Role } = await this.iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument }));
    await this.lambda.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Role: Role?.Arn,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Code: { ZipFile: zipSync({ 'index.js': Buffer.from(code) }) },
      }),
    );
  }

  async setGate(name: string, gate: 'open' | 'closed'): Promise<void> {
    const Environment = { Variables: { GATE: gate } };
    await this.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Environment }));
    await eventually(`the gate ${gate}`, async () => {
      const { Configuration } = await this.lambda.send(new GetFunctionCommand({ FunctionName: name }));
      return Configuration?.LastUpdateStatus === 'Successful' ? true : undefined;
    });
  }

  /** As the administrator of the database. */
  query(sql: string): Promise<any[]> {
    return runQuery(sql, {
      host: this.host,
      database: 'app',
      user: superuser.username,
      password: superuser.password,
      ssl: { ca: readFileSync(this.caPath, 'utf8'), rejectUnauthorized: true },
    });
  }

  /** A session that stays, as a consumer's. */
  async connect(login: { username: string; password: string; host: string }): Promise<pg.Client> {
    const client = new pg.Client({
      host: login.host,
      database: 'app',
      user: login.username,
      password: login.password,
      application_name: 'desk',
      ssl: { ca: readFileSync(this.caPath, 'utf8'), rejectUnauthorized: true },
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** As the cloud's own superuser: what it makes is not the administrator's. */
  queryAsServer(sql: string): Promise<any[]> {
    return runQuery(sql, this.cloud.service<RdsService>('rds').postgres('shop').adminConnection());
  }

  async #createDatabase(): Promise<void> {
    const DBInstanceIdentifier = 'shop';
    const { username: MasterUsername, password: MasterUserPassword } = superuser;
    const instance = { DBInstanceIdentifier, DBInstanceClass: 'db.t4g.micro', Engine: 'postgres', DBName: 'app' };
    await this.rds.send(new CreateDBInstanceCommand({ ...instance, MasterUsername, MasterUserPassword }));
    this.host = await eventually('an address of the database', async () => {
      const { DBInstances = [] } = await this.rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier }));
      const [found] = DBInstances;
      return found?.DBInstanceStatus === 'available' ? found.Endpoint?.Address : undefined;
    });
    const address = { engine: 'postgres', host: this.host, port: 5432, dbname: 'app' };
    await this.createSecret('shop/superuser', { ...address, ...superuser });
  }

  async close(): Promise<void> {
    for (const client of [this.secrets, this.lambda, this.iam, this.rds]) client.destroy();
    await this.cloud.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function runQuery(sql: string, configuration: pg.ClientConfig): Promise<any[]> {
  const client = new pg.Client(configuration);
  await client.connect();
  try {
    const result = await client.query(sql);
    return [result].flat().at(-1)?.rows ?? [];
  } finally {
    await client.end();
  }
}
