import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { LambdaClient } from '@aws-sdk/client-lambda';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import pg from 'pg';
import { loadAssembly } from '../../../local/assembly/load-assembly.ts';
import type { Settings } from '../../../local/cloud.ts';
import { createCloud, type RunningCloud } from '../../../local/create-cloud.ts';
import type { RdsService } from '../../../local/services/rds/service.ts';
import { Executions } from './executions.ts';

const ASSEMBLY = fileURLToPath(new URL('../../../.keyturn/lab', import.meta.url));

export interface Value {
  username: string;
  password: string;
  host: string;
  port: number;
  dbname: string;
}

/** The lab's stack on a laptop of its own, with the clients of a person who may do anything. */
export class Laptop {
  readonly cloud: RunningCloud;
  readonly outputs: Readonly<Record<string, string>>;
  readonly secrets: SecretsManagerClient;
  readonly lambda: LambdaClient;
  readonly executions: Executions;
  readonly #ca: string;

  private constructor(cloud: RunningCloud, outputs: Readonly<Record<string, string>>) {
    this.cloud = cloud;
    this.outputs = outputs;
    const configuration = {
      endpoint: cloud.endpointUrl,
      region: cloud.region,
      credentials: { accessKeyId: 'administrator', secretAccessKey: 'administrator' },
      maxAttempts: 1,
    };
    this.secrets = new SecretsManagerClient(configuration);
    this.lambda = new LambdaClient(configuration);
    this.executions = new Executions(new SFNClient(configuration), cloud);
    this.#ca = readFileSync(cloud.service<RdsService>('rds').caBundlePath, 'utf8');
  }

  /** Machines wait a fiftieth of their time unless told; databases and evidence keep to the clock. */
  static async start(settings: Partial<Settings> = {}): Promise<Laptop> {
    if (!existsSync(ASSEMBLY)) throw new Error(`${ASSEMBLY} is not there. Run npm run synth first.`);
    const cloud = await createCloud({ settings: { stateMachineTimeScale: 0.02, ...settings }, log: () => undefined });
    try {
      const [stack] = await loadAssembly(ASSEMBLY, cloud);
      return new Laptop(cloud, stack?.outputs ?? {});
    } catch (error) {
      await cloud.close();
      throw error;
    }
  }

  async value(secretId: string, versionStage = 'AWSCURRENT'): Promise<Value> {
    const answer = await this.secrets.send(
      new GetSecretValueCommand({ SecretId: secretId, VersionStage: versionStage }),
    );
    return JSON.parse(answer.SecretString ?? '');
  }

  /** Version ids by label. */
  async labels(secretId: string): Promise<Record<string, string>> {
    const { VersionIdsToStages = {} } = await this.secrets.send(new DescribeSecretCommand({ SecretId: secretId }));
    return Object.fromEntries(
      Object.entries(VersionIdsToStages).flatMap(([versionId, stages]) => stages.map((stage) => [stage, versionId])),
    );
  }

  /** Opens a session as the login of a value; TLS verified. */
  async connect(value: Pick<Value, 'username' | 'password'>, at?: { host: string; port?: number }): Promise<pg.Client> {
    const { host, port } = at ?? (await this.value('lab/superuser'));
    const client = new pg.Client({
      host,
      port: port ?? 5432,
      database: 'app',
      user: value.username,
      password: value.password,
      ssl: { ca: this.#ca, rejectUnauthorized: true },
      application_name: 'scenario',
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  async query(value: Pick<Value, 'username' | 'password'>, sql: string, at?: { host: string }): Promise<any[]> {
    const client = await this.connect(value, at);
    try {
      const result = await client.query(sql);
      return [result].flat().at(-1)?.rows ?? [];
    } finally {
      await client.end();
    }
  }

  /** As the administrator that RDS gives: makes the login of a secret, who may create things. */
  async createLogin(secretId: string): Promise<Value> {
    const value = await this.value(secretId);
    await this.query(
      await this.value('lab/superuser'),
      `CREATE ROLE ${value.username} LOGIN PASSWORD '${value.password}'; GRANT CREATE, USAGE ON SCHEMA public TO ${value.username}`,
    );
    return value;
  }

  /** Makes the gate check of a secret fail, or pass again. */
  async gate(secretId: string, state: 'closed' | 'open' | `open-for:${string}`): Promise<void> {
    if (state === 'open') {
      await this.secrets.send(new UntagResourceCommand({ SecretId: secretId, TagKeys: ['gate'] }));
    } else {
      await this.secrets.send(new TagResourceCommand({ SecretId: secretId, Tags: [{ Key: 'gate', Value: state }] }));
    }
  }

  async close(): Promise<void> {
    for (const client of [this.secrets, this.lambda, this.executions.client]) client.destroy();
    await this.cloud.close();
  }
}
