import { BlockList } from 'node:net';
import { found, type Preflight } from './preflight.ts';

export interface SubnetFacts {
  readonly id: string;
  readonly cidr: string;
  readonly vpcId: string;
  /** The default route goes to a NAT gateway, a transit gateway or an appliance. An internet gateway is none: functions have no public address. */
  readonly leadsOut: boolean;
}

export interface IngressRule {
  readonly protocol: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly securityGroupIds: readonly string[];
  readonly cidrs: readonly string[];
}

export interface NetworkFacts {
  /** Where the rotation function runs; undefined: outside of a VPC. */
  readonly functions:
    | {
        readonly subnets: readonly SubnetFacts[];
        /** Undefined: the stack makes one, with a name that is not known yet. */
        readonly securityGroupIds: readonly string[] | undefined;
      }
    | undefined;
  readonly database: {
    readonly vpcId: string;
    readonly port: number;
    readonly isPublic: boolean;
    readonly securityGroups: readonly { readonly id: string; readonly ingress: readonly IngressRule[] }[];
  };
  /** The AWS services that have an interface endpoint in the function's VPC, in their short names. */
  readonly endpoints: readonly string[];
  /** Those that the function calls. */
  readonly services: readonly string[];
}

/**
 * Whether the rotation function reaches the database and AWS. Pure.
 * 1. Outside of a VPC only a public database is reached.
 * 2. Another VPC has to be peered, which is not looked at.
 * 3. The database's security groups have to let the function in.
 * 4. Each subnet needs a way out, or an endpoint for each service: else the rotation hangs until it times out.
 */
export function judgeNetwork(facts: NetworkFacts): Preflight[] {
  const { functions, database } = facts;
  if (!functions) {
    if (database.isPublic) return [found('network', 'ok', 'PublicDatabase', 'The database has a public address.')];
    return [
      found(
        'network',
        'blocks',
        'NoNetwork',
        'The database has no public address, and the rotation function is in no VPC.',
        `Write "network": {"vpcId": "${database.vpcId}", "subnetIds": […]} with subnets that reach it.`,
      ),
    ];
  }
  const problems = [
    ...judgeVpc(functions.subnets, database.vpcId),
    ...judgeIngress(facts, functions),
    ...judgeWayOut(facts, functions),
  ];
  if (problems.length > 0) return problems;
  return [found('network', 'ok', 'PathFound', 'The security groups let the function in, and it reaches AWS.')];
}

type Functions = NonNullable<NetworkFacts['functions']>;

function judgeVpc(subnets: readonly SubnetFacts[], databaseVpcId: string): Preflight[] {
  const other = subnets.find(({ vpcId }) => vpcId !== databaseVpcId);
  if (!other) return [];
  return [
    found(
      'network',
      'warns',
      'OtherVpc',
      `Subnet ${other.id} is in ${other.vpcId}, the database in ${databaseVpcId}: they have to be peered, with routes both ways.`,
    ),
  ];
}

function judgeIngress({ database }: NetworkFacts, { subnets, securityGroupIds }: Functions): Preflight[] {
  const rules = database.securityGroups
    .flatMap(({ ingress }) => ingress)
    .filter((rule) => opensPort(rule, database.port));
  const byGroup = securityGroupIds?.some((id) => rules.some((rule) => rule.securityGroupIds.includes(id)));
  const byAddress = subnets.every(({ cidr }) =>
    rules.some((rule) => rule.cidrs.some((range) => contains(range, cidr))),
  );
  if (byGroup || byAddress) return [];
  const target = database.securityGroups[0]?.id ?? '<security group of the database>';
  if (!securityGroupIds) {
    return [
      found(
        'network',
        'warns',
        'SecurityGroupNew',
        `The stack makes a security group for the function, and ${target} does not let it in on port ${database.port} yet.`,
        'Write "securityGroupIds" with one that is let in, or let the new one in after the deployment.',
      ),
    ];
  }
  return [
    found(
      'network',
      'blocks',
      'PortClosed',
      `${database.securityGroups.map(({ id }) => id).join(', ')} does not let ${securityGroupIds.join(', ')} in on port ${database.port}.`,
      `aws ec2 authorize-security-group-ingress --group-id ${target} --protocol tcp --port ${database.port} --source-group ${securityGroupIds[0]}`,
    ),
  ];
}

function opensPort({ protocol, fromPort, toPort }: IngressRule, port: number): boolean {
  if (protocol === '-1') return true;
  return protocol === 'tcp' && (fromPort ?? 0) <= port && port <= (toPort ?? 65_535);
}

function judgeWayOut({ endpoints, services }: NetworkFacts, { subnets }: Functions): Preflight[] {
  const closed = subnets.filter(({ leadsOut }) => !leadsOut);
  const missing = services.filter((service) => !endpoints.includes(service));
  if (closed.length === 0 || missing.length === 0) return [];
  return [
    found(
      'network',
      'blocks',
      'NoWayToAws',
      `${closed.map(({ id }) => id).join(', ')} leads nowhere, and the VPC has no endpoint for ${missing.join(', ')}: every step would time out.`,
      'Add an interface endpoint with private DNS for each, or a route to a NAT gateway.',
    ),
  ];
}

/** Whether an IPv4 range holds another one. */
export function contains(range: string, inner: string): boolean {
  const [network = '', prefix = ''] = range.split('/');
  const [address = '', length = ''] = inner.split('/');
  if (!/^\d+$/.test(prefix) || Number(length) < Number(prefix)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(prefix));
  return list.check(address);
}
