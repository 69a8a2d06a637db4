import {
  DescribeDBClustersCommand,
  DescribeDBInstancesCommand,
  ModifyDBClusterCommand,
  ModifyDBInstanceCommand,
  type RDSClient,
} from '@aws-sdk/client-rds';
import { isNamed } from '../../errors.ts';
import { PayloadInvalid } from '../errors.ts';
import type { Cluster, Instance, PasswordChange } from './rds-shapes.ts';

type Rds = Pick<RDSClient, 'send'>;

/**
 * Where the database of an RDS-managed superuser secret is: RDS tags its secrets with the ARN of what they open.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html
 */
export async function addressOfManagedDatabase(
  rds: Rds,
  secretArn: string,
  tags: { Key?: string; Value?: string }[],
): Promise<{ host: string; port: number }> {
  const tag = (key: string) => tags.find(({ Key }) => Key?.toLowerCase() === key)?.Value;
  const [instanceArn, clusterArn] = [tag('aws:rds:primarydbinstancearn'), tag('aws:rds:primarydbclusterarn')];
  if (clusterArn) return addressOf(secretArn, await describeCluster(rds, clusterArn));
  if (instanceArn) return addressOf(secretArn, await describeInstance(rds, instanceArn));
  throw new PayloadInvalid(
    `${secretArn}: host: expected the database's address, or a tag aws:rds:primaryDBInstanceArn or aws:rds:primaryDBClusterArn of a secret that RDS manages.`,
  );
}

function addressOf(secretArn: string, database: Instance | Cluster | undefined): { host: string; port: number } {
  if (!database?.Engine?.includes('postgres')) {
    throw new PayloadInvalid(
      `${secretArn}: engine: expected postgres or aurora-postgresql, came ${database?.Engine ?? 'no database'}.`,
    );
  }
  const endpoint = database.Endpoint;
  const host = typeof endpoint === 'string' ? endpoint : endpoint?.Address;
  const port = (typeof endpoint === 'string' ? (database as Cluster).Port : endpoint?.Port) ?? 5432;
  if (!host) throw new PayloadInvalid(`${secretArn}: host: the database has no endpoint (yet).`);
  return { host, port };
}

/** Whether one host is a read replica of the other's instance, or a reader of its Aurora cluster. */
export async function isReaderOf(rds: Rds, reader: string, writer: string): Promise<boolean> {
  const [readerId = '', writerId = ''] = [reader.split('.')[0], writer.split('.')[0]];
  const cluster = await describeCluster(rds, writerId);
  const instance = await describeInstance(rds, readerId);
  if (cluster && cluster.Endpoint === writer) {
    if (cluster.ReaderEndpoint === reader || cluster.CustomEndpoints?.includes(reader)) return true;
    return instance?.Endpoint?.Address === reader && isMember(cluster, readerId);
  }
  if (instance?.Endpoint?.Address !== reader) return false;
  const source = instance.ReadReplicaSourceDBInstanceIdentifier;
  // A source in another region is named by its ARN.
  return source !== undefined && (source.split(':').at(-1) ?? '') === writerId;
}

function isMember(cluster: Cluster, instanceId: string): boolean {
  return (cluster.DBClusterMembers ?? []).some(({ DBInstanceIdentifier }) => DBInstanceIdentifier === instanceId);
}

export async function describeInstance(rds: Rds, identifier: string): Promise<Instance | undefined> {
  return absentAsUndefined(async () => {
    const answer = await rds.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier }));
    return answer.DBInstances?.[0];
  });
}

export async function describeCluster(rds: Rds, identifier: string): Promise<Cluster | undefined> {
  return absentAsUndefined(async () => {
    const answer = await rds.send(new DescribeDBClustersCommand({ DBClusterIdentifier: identifier }));
    return answer.DBClusters?.[0];
  });
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html */
export async function changeInstance(rds: Rds, identifier: string, change: PasswordChange): Promise<void> {
  await rds.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: identifier, ...change }));
}

export async function changeCluster(rds: Rds, identifier: string, change: PasswordChange): Promise<void> {
  await rds.send(new ModifyDBClusterCommand({ DBClusterIdentifier: identifier, ...change }));
}

const absent = [
  'DBInstanceNotFoundFault',
  'DBInstanceNotFound',
  'DBClusterNotFoundFault',
  // A host whose first label is no identifier (an address, a name of one's own) is no database of RDS's.
  'InvalidParameterValue',
];

async function absentAsUndefined<Found>(find: () => Promise<Found>): Promise<Found | undefined> {
  try {
    return await find();
  } catch (error) {
    if (isNamed(error, ...absent)) return undefined;
    throw error;
  }
}
