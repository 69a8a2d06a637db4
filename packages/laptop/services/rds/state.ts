import { randomBytes } from 'node:crypto';
import { AwsError, type Cloud } from '../../cloud.ts';
import type { DatabaseProxy } from '../../postgres/proxy/proxy.ts';
import type { Relay } from '../../postgres/relay.ts';
import type { PostgresServer } from '../../postgres/server.ts';

export interface Tag {
  Key?: string;
  Value?: string;
}

/** What instances and clusters have alike. */
export interface Database {
  readonly region: string;
  readonly identifier: string;
  readonly arn: string;
  readonly resourceId: string;
  readonly createdAt: Date;
  readonly engine: string;
  readonly engineVersion: string;
  readonly administrator: string;
  readonly databaseName?: string;
  readonly given: Readonly<Record<string, any>>;
  status: string;
  tags: Tag[];
  /** Set when the endpoint is open. */
  server?: PostgresServer;
  relay?: Relay;
  passwordPending: boolean;
  managedSecretArn?: string;
  deletionProtection: boolean;
}

export interface Instance extends Database {
  readonly kind: 'instance';
  /** A member of a cluster has the cluster's server. */
  readonly clusterIdentifier?: string;
  /** A read replica has its source's server. */
  readonly sourceIdentifier?: string;
}

export interface Cluster extends Database {
  readonly kind: 'cluster';
  /** Read-only sessions on the same server. */
  reader?: Relay;
}

export interface UserAuth {
  readonly Description?: string;
  readonly UserName?: string;
  readonly AuthScheme?: string;
  readonly SecretArn?: string;
  readonly IAMAuth?: string;
  readonly ClientPasswordAuthType?: string;
}

export interface PoolSettings {
  MaxConnectionsPercent: number;
  MaxIdleConnectionsPercent: number;
  ConnectionBorrowTimeout: number;
  SessionPinningFilters: string[];
  InitQuery?: string;
}

export interface ProxyEndpoint {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: Date;
  readonly targetRole: 'READ_WRITE' | 'READ_ONLY';
  readonly subnetIds: string[];
  readonly securityGroupIds: string[];
  readonly door: DatabaseProxy;
}

export interface ProxyRecord {
  readonly region: string;
  readonly name: string;
  readonly arn: string;
  readonly targetGroupArn: string;
  readonly createdAt: Date;
  readonly subnetIds: string[];
  updatedAt: Date;
  securityGroupIds: string[];
  auth: UserAuth[];
  roleArn: string;
  requireTls: boolean;
  idleClientTimeoutSeconds: number;
  debugLogging: boolean;
  pool: PoolSettings;
  /** The instance or cluster behind it. */
  target?: Database & { kind: 'instance' | 'cluster' };
  tags: Tag[];
  readonly door: DatabaseProxy;
  readonly endpoints: ProxyEndpoint[];
}

/** Groups that only have to be there. */
export interface Group {
  readonly type: 'subgrp' | 'pg' | 'cluster-pg';
  readonly region: string;
  readonly name: string;
  readonly arn: string;
  readonly given: Readonly<Record<string, any>>;
  tags: Tag[];
}

const kinds = {
  instance: { code: 'DBInstanceNotFound', status: 404, text: (name: string) => `DBInstance ${name} not found.` },
  cluster: { code: 'DBClusterNotFoundFault', status: 404, text: (name: string) => `DBCluster ${name} not found.` },
  proxy: { code: 'DBProxyNotFoundFault', status: 404, text: (name: string) => `DBProxy ${name} not found.` },
} as const;

export class RdsState {
  readonly cloud: Cloud;
  readonly instances = new Map<string, Instance>();
  readonly clusters = new Map<string, Cluster>();
  readonly proxies = new Map<string, ProxyRecord>();
  readonly groups = new Map<string, Group>();

  constructor(cloud: Cloud) {
    this.cloud = cloud;
  }

  key(region: string, identifier: string): string {
    // Identifiers are kept in lower case; ARNs are taken wherever identifiers are.
    return `${region}/${(identifier.startsWith('arn:') ? identifier.split(':').at(-1)! : identifier).toLowerCase()}`;
  }

  arn(region: string, kind: string, name: string): string {
    return `arn:aws:rds:${region}:${this.cloud.accountId}:${kind}:${name}`;
  }

  resourceId(prefix: string): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
    return `${prefix}-${[...randomBytes(26)].map((byte) => alphabet[byte % 32]).join('')}`;
  }

  instance(region: string, identifier: string): Instance {
    return this.#find('instance', this.instances, region, identifier);
  }

  cluster(region: string, identifier: string): Cluster {
    return this.#find('cluster', this.clusters, region, identifier);
  }

  proxy(region: string, name: string): ProxyRecord {
    return this.#find('proxy', this.proxies, region, name);
  }

  #find<Entry>(kind: keyof typeof kinds, entries: Map<string, Entry>, region: string, name: string): Entry {
    const entry = entries.get(this.key(region, name));
    if (entry) return entry;
    const { code, status, text } = kinds[kind];
    throw new AwsError(code, text(name), { httpStatus: status });
  }

  members(cluster: Cluster): Instance[] {
    return [...this.instances.values()].filter(
      (instance) => instance.region === cluster.region && instance.clusterIdentifier === cluster.identifier,
    );
  }

  replicas(source: Instance): Instance[] {
    return [...this.instances.values()].filter(
      (instance) => instance.region === source.region && instance.sourceIdentifier === source.identifier,
    );
  }
}

export const invalidValue = (message: string) => new AwsError('InvalidParameterValue', message);
export const invalidCombination = (message: string) => new AwsError('InvalidParameterCombination', message);
