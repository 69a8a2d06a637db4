import type pg from 'pg';
import type { Cloud, Operation, Service } from '../../cloud.ts';
import type { DatabaseProxy } from '../../postgres/proxy/proxy.ts';
import type { Relay } from '../../postgres/relay.ts';
import { clusterOperations } from './clusters.ts';
import { Databases } from './databases.ts';
import { Endpoints } from './endpoints.ts';
import { groupOperations } from './groups.ts';
import { instanceOperations } from './instances.ts';
import { Proxies } from './proxies.ts';
import { RdsState } from './state.ts';
import { tagOperations } from './tags.ts';

/** One database as tests and people see it, beyond what AWS shows. */
export interface PostgresView {
  readonly host: string;
  readonly port: number;
  readonly relay: Relay;
  /** How this process logs in as superuser, past the endpoint: for looking, and for making test data. */
  adminConnection(database?: string): pg.ClientConfig;
  /** The server's log; statements are in it. */
  log(): string;
}

export interface RdsService extends Service {
  readonly name: 'rds';
  readonly state: RdsState;
  readonly databases: Databases;
  readonly proxies: Proxies;
  /** The certificate authorities of instances and proxies, one file: what a verifying client is given. Wait for `ready`. */
  readonly caBundlePath: string;
  /** Resolves when the bundle is written. */
  readonly ready: Promise<void>;
  /** By instance or cluster identifier; throws when it is not there or not open. */
  postgres(identifier: string, region?: string): PostgresView;
  proxy(name: string, region?: string): DatabaseProxy;
}

export default function createRdsService(cloud: Cloud): RdsService {
  const state = new RdsState(cloud);
  const endpoints = new Endpoints(cloud);
  const databases = new Databases(state, endpoints);
  const proxies = new Proxies(state, endpoints);
  const operations: Record<string, Operation> = {
    ...instanceOperations(state, databases),
    ...clusterOperations(state, databases),
    ...proxies.operations(),
    ...groupOperations(state),
    ...tagOperations(state),
  };
  const reset = async () => {
    await proxies.closeAll();
    await databases.closeAll();
    for (const records of [state.instances, state.clusters, state.groups]) records.clear();
  };
  const ready = endpoints.authorities.then(() => undefined);
  ready.catch(() => undefined); // the caller that waits for it meets the error
  return {
    name: 'rds',
    state,
    databases,
    proxies,
    caBundlePath: endpoints.caBundlePath,
    ready,
    schemas: () => import('@aws-sdk/client-rds') as Promise<Record<string, unknown>>,
    operations,
    postgres: (identifier, region = cloud.region) => view(state, identifier, region),
    proxy: (name, region = cloud.region) => state.proxy(region, name).door,
    reset,
    close: reset,
  };
}

function view(state: RdsState, identifier: string, region: string): PostgresView {
  const database = state.clusters.get(state.key(region, identifier)) ?? state.instance(region, identifier);
  const { server, relay } = database;
  if (!server || !relay) throw new Error(`${identifier} is ${database.status}: it has no endpoint yet.`);
  return {
    host: relay.host,
    port: relay.port,
    relay,
    adminConnection: (name = database.databaseName ?? 'postgres') => ({ ...server.superuser, database: name }),
    log: () => server.log(),
  };
}
