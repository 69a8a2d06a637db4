import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { AwsError, type Principal } from '../../cloud.ts';
import { type Relay, startInstanceRelay } from '../../postgres/relay.ts';
import { type PostgresServer, startPostgres } from '../../postgres/server.ts';
import type { SecretsManagerService } from '../secretsmanager/service.ts';
import type { Endpoints } from './endpoints.ts';
import type { Cluster, Instance, RdsState } from './state.ts';

/** How long a new password takes to reach the database: AWS says "as soon as possible". */
const PASSWORD_MILLISECONDS = { least: 300, most: 1_200 };
const PORT = 5432;
const REBOOT_MILLISECONDS = 500;

/** Opens, changes and closes the databases behind the records. */
export class Databases {
  readonly #state: RdsState;
  readonly #endpoints: Endpoints;
  readonly #servers = new Set<PostgresServer>();
  readonly #opening = new Map<string, Promise<void>>();
  #generation = 0;

  constructor(state: RdsState, endpoints: Endpoints) {
    this.#state = state;
    this.#endpoints = endpoints;
  }

  /** Begins to open the endpoint. A failure stands in the status and in the log; `opened` waits for it. */
  open(database: Instance | Cluster, password: string | undefined): void {
    const opening = this.#open(database, password).catch((error: unknown) => {
      database.status = 'failed';
      this.#state.cloud.log(`${database.identifier}: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    });
    opening.catch(() => undefined); // logged above
    this.#opening.set(database.arn, opening);
  }

  /** Resolves when the endpoint is open; rejects when it could not be opened. */
  async opened({ arn }: Instance | Cluster): Promise<void> {
    await this.#opening.get(arn);
  }

  async #open(database: Instance | Cluster, password: string | undefined): Promise<void> {
    const generation = this.#generation;
    const server = await this.#serverFor(database, password);
    if (generation !== this.#generation) return server.stop();
    database.server = server;
    const port = Number(database.given.Port ?? PORT);
    const readOnly = database.kind === 'instance' && this.#isReader(database);
    database.relay = await this.#relay(server, port, readOnly);
    if (database.kind === 'cluster') database.reader = await this.#relay(server, port, true);
    if (generation === this.#generation) database.status = 'available';
    else await this.#closeRelays(database);
  }

  #isReader(instance: Instance): boolean {
    if (instance.sourceIdentifier) return true;
    if (!instance.clusterIdentifier) return false;
    const cluster = this.#state.cluster(instance.region, instance.clusterIdentifier);
    return this.#state.members(cluster)[0] !== instance;
  }

  async #serverFor(database: Instance | Cluster, password: string | undefined): Promise<PostgresServer> {
    const other =
      database.kind === 'cluster'
        ? undefined
        : database.clusterIdentifier
          ? this.#state.cluster(database.region, database.clusterIdentifier)
          : database.sourceIdentifier
            ? this.#state.instance(database.region, database.sourceIdentifier)
            : undefined;
    if (other) {
      await this.opened(other);
      if (!other.server) throw new Error(`its ${other.kind} ${other.identifier} is ${other.status}, without a server.`);
      return other.server;
    }
    const server = await startPostgres({
      directory: join(this.#state.cloud.directory, 'rds'),
      clusterName: database.identifier,
      logStatement: 'all',
      authority: (await this.#endpoints.authorities).instance,
    });
    this.#servers.add(server);
    await server.createAdministrator({ user: database.administrator, password: password! });
    if (database.databaseName && database.databaseName !== 'postgres') {
      await server.createDatabase(database.databaseName, { owner: database.administrator });
    }
    return server;
  }

  #relay(server: PostgresServer, port: number, readOnly: boolean): Promise<Relay> {
    return this.#endpoints.open('instance', port, (at) =>
      startInstanceRelay({
        ...at,
        readOnly,
        upstream: { host: server.host, port: server.port },
        clock: this.#state.cloud.clock,
      }),
    );
  }

  /** The answer comes at once, the change a while later: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html */
  changePassword(database: Instance | Cluster, password: string): void {
    const { clock, log } = this.#state.cloud;
    const { least, most } = PASSWORD_MILLISECONDS;
    const generation = this.#generation;
    database.passwordPending = true;
    clock.after(least + this.#state.cloud.random() * (most - least), async () => {
      if (generation !== this.#generation || !database.server) return;
      database.status = 'resetting-master-credentials';
      try {
        await database.server.setPassword(database.administrator, password);
      } catch (error) {
        log(`${database.identifier}: the password could not be changed: ${(error as Error).message}`);
        return;
      }
      database.passwordPending = false;
      database.status = 'available';
    });
  }

  /** Every session ends, new ones are turned away while it lasts. */
  reboot(instance: Instance): void {
    const { relay, server } = instance;
    if (!relay || !server)
      throw new AwsError('InvalidDBInstanceState', `Instance ${instance.identifier} is not available.`);
    instance.status = 'rebooting';
    relay.setDown(true);
    this.#state.cloud.clock.after(REBOOT_MILLISECONDS, () => {
      relay.setDown(false);
      instance.status = 'available';
    });
  }

  async close(database: Instance | Cluster): Promise<void> {
    const { server } = database;
    await this.#closeRelays(database);
    const owns = database.kind === 'cluster' || !(database.clusterIdentifier || database.sourceIdentifier);
    if (server && owns) {
      this.#servers.delete(server);
      await server.stop();
    }
  }

  async #closeRelays(database: Instance | Cluster): Promise<void> {
    await Promise.all([database.relay?.close(), database.kind === 'cluster' ? database.reader?.close() : undefined]);
  }

  async closeAll(): Promise<void> {
    this.#generation += 1;
    const databases = [...this.#state.instances.values(), ...this.#state.clusters.values()];
    await Promise.allSettled(this.#opening.values());
    await Promise.all(databases.map((database) => this.#closeRelays(database)));
    await Promise.all([...this.#servers].map((server) => server.stop()));
    this.#servers.clear();
  }

  /**
   * A password that RDS makes and keeps in a secret of its own, which no other function rotates. The caller needs the right to
   * create secrets; the name with `!`, the owner and the tags of `aws:` are the service's to set, by no operation.
   * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
   */
  async keepPassword(
    database: Instance | Cluster,
    password: string,
    principal: Principal,
    kmsKeyId?: string,
  ): Promise<void> {
    const { cloud } = this.#state;
    const { region } = database;
    const kind = database.kind === 'cluster' ? 'cluster' : 'db';
    const { state } = cloud.service<SecretsManagerService>('secretsmanager');
    const name = `rds!${kind}-${randomUUID()}`;
    const arn = state.newArn(region, name);
    const { allowed, message } = await cloud.authorise(principal, {
      action: 'secretsmanager:CreateSecret',
      resource: arn,
    });
    if (!allowed) throw new AwsError('AccessDenied', message, { httpStatus: 403 });
    const createdAt = cloud.clock.now();
    const versionId = randomUUID();
    const value = { string: JSON.stringify({ username: database.administrator, password }) };
    const tag = kind === 'cluster' ? 'aws:rds:primaryDBClusterArn' : 'aws:rds:primaryDBInstanceArn';
    state.add({
      arn,
      name,
      region,
      createdAt,
      lastChangedAt: createdAt,
      description: `Secret associated with primary RDS DB ${database.kind}: ${database.arn}`,
      kmsKeyId,
      versions: new Map([[versionId, { versionId, createdAt, value, stages: new Set(['AWSCURRENT']), kmsKeyId }]]),
      tags: [
        { Key: 'aws:secretsmanager:owningService', Value: 'rds' },
        { Key: tag, Value: database.arn },
      ],
      owningService: 'rds',
      replicas: [],
    });
    database.managedSecretArn = arn;
  }
}

/** Every class of character that RDS's own passwords have, none that it refuses. */
export const randomPassword = () => `${randomBytes(24).toString('base64url')}.aZ9`;
