import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { CreateDBInstanceCommand, DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import pg from 'pg';
import { loadAssembly } from '../../local/assembly/load-assembly.ts';
import { createCloud, type RunningCloud } from '../../local/create-cloud.ts';
import type { RdsService } from '../../local/services/rds/service.ts';
import { eventually } from '../eventually.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the house as a process of its own, without a terminal. */
export function runProcess(
  command: string[],
  env: Record<string, string> = {},
  options: { cwd?: string; onStart?: (kill: (signal: NodeJS.Signals) => void) => void } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, command, {
    cwd: options.cwd ?? ROOT,
    // Nothing of the machine's own AWS settings, and of the test runner's, reaches it.
    env: { PATH: process.env.PATH, HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  options.onStart?.((signal) => child.kill(signal));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

export function keyturn(words: string[], env: Record<string, string> = {}, options = {}): Promise<Ended> {
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
  readonly rds: RDSClient;
  readonly caPath: string;
  host = '';

  private constructor(cloud: RunningCloud) {
    this.cloud = cloud;
    this.folder = mkdtempSync(join(tmpdir(), 'keyturn-desk-'));
    const configuration = {
      endpoint: cloud.endpointUrl,
      region: cloud.region,
      credentials: { accessKeyId: 'administrator', secretAccessKey: 'administrator' },
    };
    this.secrets = new SecretsManagerClient(configuration);
    this.lambda = new LambdaClient(configuration);
    this.rds = new RDSClient(configuration);
    this.caPath = cloud.service<RdsService>('rds').caBundlePath;
  }

  static async open(): Promise<Desk> {
    const cloud = await createCloud({ settings: { stateMachineTimeScale: 0.01 }, log: () => undefined });
    const desk = new Desk(cloud);
    try {
      await desk.#createDatabase();
      return desk;
    } catch (error) {
      await desk.close();
      throw error;
    }
  }

  /** Synthesizes the stack of a manifest and loads it. */
  async deploy(manifest: object): Promise<void> {
    const assembly = join(this.folder, 'cdk.out');
    const cdk = join(ROOT, 'node_modules', 'aws-cdk', 'bin', 'cdk');
    const path = this.write('keyturn.json', manifest);
    const synthesis = await runProcess([cdk, 'synth', '--quiet', '-c', `manifest=${path}`, '-o', assembly]);
    if (synthesis.code !== 0) throw new Error(synthesis.stderr);
    await loadAssembly(assembly, this.cloud);
  }

  write(name: string, content: object): string {
    const path = join(this.folder, name);
    writeFileSync(path, JSON.stringify(content));
    return path;
  }

  /** The command line against this laptop, as the administrator. */
  keyturn(words: string[], env: Record<string, string> = {}, options = {}): Promise<Ended> {
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

  /** As the administrator of the database. */
  async query(sql: string): Promise<any[]> {
    const client = new pg.Client({
      host: this.host,
      database: 'app',
      user: superuser.username,
      password: superuser.password,
      ssl: { ca: readFileSync(this.caPath, 'utf8'), rejectUnauthorized: true },
    });
    await client.connect();
    try {
      const result = await client.query(sql);
      return [result].flat().at(-1)?.rows ?? [];
    } finally {
      await client.end();
    }
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
    for (const client of [this.secrets, this.lambda, this.rds]) client.destroy();
    await this.cloud.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
