import {
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcEndpointsCommand,
  type EC2Client,
  type RouteTable,
} from '@aws-sdk/client-ec2';
import type { DBCluster, DBInstance } from '@aws-sdk/client-rds';
import type { Manifest, PostgresManifestSecret } from '../../pipeline/contracts/manifest/manifest.ts';
import { databaseAddress, type PostgresPayload } from '../../pipeline/contracts/payloads/postgres.ts';
import { describeCluster, describeInstance } from '../../pipeline/rotators/postgres/database-host.ts';
import { judgeNetwork, type NetworkFacts, type SubnetFacts } from './judge-network.ts';
import { found, type Preflight, type Subject } from './preflight.ts';
import { postgresPayload } from './secret-preflight.ts';

type Ec2 = Pick<EC2Client, 'send'>;

/** The way from the rotation function to the database and to AWS, as RDS and EC2 describe it. */
export async function networkPreflight(subject: Subject, entry: PostgresManifestSecret): Promise<Preflight[]> {
  const payload = postgresPayload(subject.facts);
  if (!payload) return [];
  const database = await findDatabase(subject, entry, payload);
  if (!database) {
    const text = `${payload.host} is no instance or cluster that RDS knows: its network is not known.`;
    return [
      found('network', 'unknown', 'DatabaseUnknown', text, 'Write "database": {"instance": …} or {"cluster": …}.'),
    ];
  }
  const ec2 = await subject.clients.ec2();
  const { network } = subject.manifest;
  return judgeNetwork({
    functions: network && (await describeFunctions(ec2, network)),
    database: { ...database, securityGroups: await describeGroups(ec2, database.groupIds) },
    endpoints: network ? await describeEndpoints(ec2, network.vpcId) : [],
    services: ['secretsmanager', 'ssm', 'states', 'events', ...(entry.database ? ['rds'] : [])],
  });
}

interface Database {
  readonly vpcId: string;
  readonly port: number;
  readonly isPublic: boolean;
  readonly groupIds: readonly string[];
}

/** A cluster's members share its groups; the VPC is an instance's to say. */
async function findDatabase(
  { clients }: Subject,
  entry: PostgresManifestSecret,
  payload: PostgresPayload,
): Promise<Database | undefined> {
  const rds = await clients.rds();
  const firstLabel = payload.host.split('.')[0] ?? '';
  const clusterId = entry.database?.cluster ?? payload.dbClusterIdentifier ?? firstLabel;
  // The command line is no bundle: RDS's answers are whole here.
  const cluster = (await describeCluster(rds, clusterId)) as DBCluster | undefined;
  const instanceId = cluster
    ? (cluster.DBClusterMembers?.[0]?.DBInstanceIdentifier ?? '')
    : (entry.database?.instance ?? payload.dbInstanceIdentifier ?? firstLabel);
  const instance = (await describeInstance(rds, instanceId)) as DBInstance | undefined;
  if (!instance) return undefined;
  const groups = cluster?.VpcSecurityGroups ?? instance.VpcSecurityGroups ?? [];
  return {
    vpcId: instance.DBSubnetGroup?.VpcId ?? '',
    port: databaseAddress(payload).port,
    isPublic: instance.PubliclyAccessible ?? false,
    groupIds: groups.map(({ VpcSecurityGroupId = '' }) => VpcSecurityGroupId),
  };
}

async function describeFunctions(
  ec2: Ec2,
  network: NonNullable<Manifest['network']>,
): Promise<NetworkFacts['functions']> {
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: network.subnetIds }));
  const { RouteTables = [] } = await ec2.send(
    new DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [network.vpcId] }] }),
  );
  const subnets = Subnets.map(({ SubnetId = '', CidrBlock = '', VpcId = '' }): SubnetFacts => {
    return { id: SubnetId, cidr: CidrBlock, vpcId: VpcId, leadsOut: leadsOut(SubnetId, RouteTables) };
  });
  return { subnets, securityGroupIds: network.securityGroupIds };
}

/** A subnet without a table of its own uses the VPC's main one. */
function leadsOut(subnetId: string, tables: readonly RouteTable[]): boolean {
  const own = tables.find(({ Associations = [] }) => Associations.some((each) => each.SubnetId === subnetId));
  const table = own ?? tables.find(({ Associations = [] }) => Associations.some(({ Main }) => Main));
  return (table?.Routes ?? []).some(
    (route) =>
      route.DestinationCidrBlock === '0.0.0.0/0' &&
      Boolean(route.NatGatewayId ?? route.TransitGatewayId ?? route.NetworkInterfaceId ?? route.InstanceId),
  );
}

async function describeGroups(
  ec2: Ec2,
  groupIds: readonly string[],
): Promise<NetworkFacts['database']['securityGroups']> {
  if (groupIds.length === 0) return [];
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [...groupIds] }));
  return SecurityGroups.map(({ GroupId = '', IpPermissions = [] }) => ({
    id: GroupId,
    ingress: IpPermissions.map((permission) => ({
      protocol: permission.IpProtocol ?? '',
      fromPort: permission.FromPort,
      toPort: permission.ToPort,
      securityGroupIds: (permission.UserIdGroupPairs ?? []).map((pair) => pair.GroupId ?? ''),
      cidrs: (permission.IpRanges ?? []).map(({ CidrIp = '' }) => CidrIp),
    })),
  }));
}

async function describeEndpoints(ec2: Ec2, vpcId: string): Promise<string[]> {
  const { VpcEndpoints = [] } = await ec2.send(
    new DescribeVpcEndpointsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }),
  );
  return VpcEndpoints.filter(({ State }) => State?.toLowerCase() === 'available').map(
    ({ ServiceName = '' }) => ServiceName.split('.').at(-1) ?? '',
  );
}
