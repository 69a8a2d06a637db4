import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { LambdaClient } from '@aws-sdk/client-lambda';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SSMClient } from '@aws-sdk/client-ssm';
import pg from 'pg';
import { type LoadedStack, loadAssembly } from '../../../packages/laptop/assembly/load-assembly.ts';
import type { Settings } from '../../../packages/laptop/cloud.ts';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import { findLeaks } from '../../../packages/laptop/leaks/find-leaks.ts';
import { computeScramVerifier, formatScramVerifier } from '../../../packages/laptop/postgres/scram.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import type { RdsService } from '../../../packages/laptop/services/rds/service.ts';
import type { AuditDependencies } from '../../../pipeline/audit/audit.ts';
import { eventually } from '../../eventually.ts';
import { askLocal } from '../../laptop-requests.ts';
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
  readonly events: EventBridgeClient;
  readonly executions: Executions;
  readonly #ca: string;
  readonly #tables: DynamoDBClient;
  readonly #parameters: SSMClient;
  /** What the scenario itself has sent in a statement, which the server logs. */
  readonly #ownVerifiers = new Set<string>();
  readonly #resources: LoadedStack['resources'];

  private constructor(cloud: RunningCloud, stack: LoadedStack) {
    this.cloud = cloud;
    this.outputs = stack.outputs;
    this.#resources = stack.resources;
    const configuration = {
      endpoint: cloud.endpointUrl,
      region: cloud.region,
      credentials: cloud.administrator,
      maxAttempts: 1,
    };
    this.secrets = new SecretsManagerClient(configuration);
    this.lambda = new LambdaClient(configuration);
    this.events = new EventBridgeClient(configuration);
    this.#tables = new DynamoDBClient(configuration);
    this.#parameters = new SSMClient(configuration);
    this.executions = new Executions(new SFNClient(configuration), cloud);
    this.#ca = readFileSync(cloud.service<RdsService>('rds').caBundlePath, 'utf8');
  }

  /** Machines wait a two-hundredth of their time unless told; databases and evidence keep to the clock. */
  static async start(settings: Partial<Settings> = {}): Promise<Laptop> {
    if (!existsSync(ASSEMBLY)) throw new Error(`${ASSEMBLY} is not there. Run npm run synth first.`);
    const cloud = await createCloud({ settings: { stateMachineTimeScale: 0.005, ...settings }, log: () => undefined });
    try {
      const [stack] = await loadAssembly(ASSEMBLY, cloud);
      const laptop = new Laptop(cloud, stack as LoadedStack);
      await laptop.#settle();
      return laptop;
    } catch (error) {
      await cloud.close();
      throw error;
    }
  }

  /** A deployment puts values and has Secrets Manager try the rotation functions: until that is over, secrets are busy. */
  async #settle(): Promise<void> {
    for (const secretId of ['lab/alternating', 'lab/single', 'lab/proxied', 'lab/superuser']) {
      await eventually(`the end of the trial of ${secretId}`, async () =>
        (await this.labels(secretId)).AWSPENDING === undefined ? true : undefined,
      );
    }
    for (const { executionArn } of await this.executions.list('rotate-secret')) await this.executions.end(executionArn);
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
      ssl: this.tls(),
      application_name: 'scenario',
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** How a client verifies the database and its proxy. */
  tls(): { ca: string; rejectUnauthorized: true } {
    return { ca: this.#ca, rejectUnauthorized: true };
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

  /**
   * As the administrator that RDS gives: makes the login of a secret, who may create things. The password goes as a
   * verifier, so that the scenario itself leaves none in the server's log.
   */
  async createLogin(secretId: string): Promise<Value> {
    const value = await this.value(secretId);
    const verifier = formatScramVerifier(await computeScramVerifier(value.password));
    this.#ownVerifiers.add(verifier);
    await this.query(
      await this.value('lab/superuser'),
      `CREATE ROLE "${value.username}" LOGIN PASSWORD '${verifier}'; GRANT CREATE, USAGE ON SCHEMA public TO "${value.username}"`,
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

  /** Leaves a candidate under AWSPENDING, as a tool does that was killed half-way. */
  async leavePending(secretId: string): Promise<string> {
    const value = await this.value(secretId);
    const answer = await this.secrets.send(
      new PutSecretValueCommand({
        SecretId: secretId,
        SecretString: JSON.stringify({ ...value, password: 'of-another-tool' }),
        VersionStages: ['AWSPENDING'],
      }),
    );
    return answer.VersionId as string;
  }

  /** The rows of a secret's story, as the history table has them. */
  async history(secretId: string): Promise<{ type: string; detail: string }[]> {
    const { ARN } = await this.secrets.send(new DescribeSecretCommand({ SecretId: secretId }));
    const table = this.#resource('AWS::DynamoDB::Table');
    const { Items = [] } = await this.#tables.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: `secret#${ARN}` } },
      }),
    );
    return Items.map(({ type, detail }) => ({ type: type?.S ?? '', detail: detail?.S ?? '' }));
  }

  /** Fires the schedule of a login's secret now. */
  async fireSchedule(username: string): Promise<void> {
    const schedules = Object.entries(this.#resources).filter(([, { type }]) => type === 'AWS::Scheduler::Schedule');
    const [, schedule] = schedules.find(([logicalId]) => logicalId.includes(`Rotated${username}Schedule`)) ?? [];
    const answer = await askLocal(this.cloud, `/_local/schedules/${schedule?.ref}/fire`, { method: 'POST' });
    if (!answer.ok) throw new Error(`Firing ${schedule?.ref} answered ${answer.status}: ${await answer.text()}`);
  }

  /** The database instance, as whoever owns the machine sees it. */
  /** Puts an event on the pipeline's bus in a session of a role; answers what became of it. */
  async putAs(
    role: string,
    detail: object,
    { DetailType = 'Rotation Requested', bus = 'keyturn' }: { DetailType?: string; bus?: string } = {},
  ): Promise<string> {
    const { principal } = this.cloud.assumeRole(this.roleArn(role), 'a-session');
    const entry = { EventBusName: bus, Source: 'keyturn', DetailType, Detail: JSON.stringify(detail) };
    return this.cloud.call({ service: 'events', operation: 'PutEvents', input: { Entries: [entry] }, principal }).then(
      (answer: any) => (answer.FailedEntryCount === 0 ? 'put' : JSON.stringify(answer.Entries)),
      (error) => `${error.code}: ${error.message}`,
    );
  }

  /** Of a role by its name, or of the role of a construct. */
  roleArn(name: string): string {
    const ofConstruct = this.#arnAt('AWS::IAM::Role', new RegExp(`/${name}/Role/Resource$`));
    return ofConstruct ?? `arn:aws:iam::${this.cloud.accountId}:role/${name}`;
  }

  functionArn(construct: string): string {
    const arn = this.#arnAt('AWS::Lambda::Function', new RegExp(`/${construct}/`));
    if (arn) return arn;
    throw new Error(`The lab has no function of ${construct}.`);
  }

  async secretArn(SecretId: string): Promise<string> {
    return (await this.secrets.send(new DescribeSecretCommand({ SecretId }))).ARN as string;
  }

  #arnAt(type: string, path: RegExp): string | undefined {
    const found = Object.values(this.#resources).find((one) => one.type === type && path.test(one.path ?? ''));
    return found && String(found.attributes.Arn);
  }

  database(): ReturnType<RdsService['postgres']> {
    return this.cloud.service<RdsService>('rds').postgres('lab');
  }

  async logEveryStatement(): Promise<void> {
    await this.asOwnerOfTheMachine("ALTER SYSTEM SET log_statement = 'all'", 'SELECT pg_reload_conf()');
  }

  /** Waits for an event of a version in the history, which is written a moment after it was told. */
  historyTells(secretId: string, type: string, versionId: string): Promise<true> {
    return eventually(`"${type}" of ${versionId} in the history`, async () => {
      const rows = await this.history(secretId);
      return rows.some((row) => row.type === type && row.detail.includes(versionId)) ? true : undefined;
    });
  }

  /** What the audit works with, as a person who may do anything. */
  auditor(now: () => Date): AuditDependencies {
    return {
      secretsManager: this.secrets,
      ssm: this.#parameters,
      states: this.executions.client,
      lambda: this.lambda,
      dynamodb: this.#tables,
      settingsPrefix: '/keyturn/keyturn',
      historyTableName: this.#resource('AWS::DynamoDB::Table'),
      compareMirrorFunctionArn: this.functionArn('CompareMirror'),
      verifyFunctionArns: { postgres: this.functionArn('Verify-postgres') },
      machines: {
        rotateSecretArn: this.executions.arn('rotate-secret'),
        retireCredentialArn: this.executions.arn('retire-credential'),
      },
      events: this.events,
      // Looked at with every secret, and not with one.
      bus: { busArn: 'arn:aws:events:us-east-1:000000000000:event-bus/keyturn', publishers: [], requesters: [] },
      now,
      sleep,
      deadline: new Date(now().getTime() + 600_000),
    };
  }

  /** Past the endpoint: what RDS's administrator may not do. */
  async asOwnerOfTheMachine(...statements: string[]): Promise<void> {
    const client = new pg.Client(this.database().adminConnection());
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  }

  /** Waits until the previous credential has been retired, or what failed has been cleared away. */
  async endOfGracePeriod(secretId: string): Promise<void> {
    await eventually(`the end of the grace period of ${secretId}`, async () =>
      (await this.labels(secretId)).KEYTURN_IN_FLIGHT === undefined ? true : undefined,
    );
  }

  /** Waits until nothing of a rotation is left to do, so that the next one may begin. */
  async rest(secretId: string): Promise<void> {
    await eventually(`the end of what is under way with ${secretId}`, async () => {
      const { AWSCURRENT, AWSPENDING, KEYTURN_IN_FLIGHT } = await this.labels(secretId);
      const isPending = AWSPENDING !== undefined && AWSPENDING !== AWSCURRENT;
      return isPending || KEYTURN_IN_FLIGHT === AWSCURRENT ? undefined : true;
    });
  }

  /** The reference of the only resource of a type. */
  #resource(type: string): string {
    const found = Object.values(this.#resources).filter((resource) => resource.type === type);
    if (found.length !== 1) throw new Error(`The lab has ${found.length} resources of type ${type}.`);
    return found[0]?.ref as string;
  }

  /** What a login's password is verified by, in the database: not the password, but enough to guess at it. */
  async #verifiers(): Promise<string[]> {
    const client = new pg.Client(this.database().adminConnection());
    await client.connect();
    const { rows } = await client.query<{ verifier: string }>(
      'SELECT rolpassword AS verifier FROM pg_authid WHERE rolpassword IS NOT NULL',
    );
    await client.end();
    return rows.map(({ verifier }) => verifier).filter((verifier) => !this.#ownVerifiers.has(verifier));
  }

  /** Every scenario ends with a search for every value and verifier in everything that left the memory of functions. */
  async close(): Promise<void> {
    try {
      expect(await findLeaks(this.cloud, { texts: await this.#verifiers() })).toEqual([]);
    } finally {
      await this.#end();
    }
  }

  async #end(): Promise<void> {
    for (const client of [
      this.secrets,
      this.lambda,
      this.events,
      this.#tables,
      this.#parameters,
      this.executions.client,
    ])
      client.destroy();
    await this.cloud.close();
  }
}
