import { createHash } from 'node:crypto';
import type { CreatedResource, ResourceProvider, TemplateResource } from '../../assembly/resource.ts';
import type { Cloud } from '../../cloud.ts';

/**
 * A laptop has one network: these resources only have to be there, so that what is on a VPC on AWS can refer to it.
 * Each type has the prefix of its ids and the attributes that templates read.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html
 */
const inert: Record<
  string,
  { prefix: string; attributes?: (resource: TemplateResource, id: string) => CreatedResource['attributes'] }
> = {
  VPC: {
    prefix: 'vpc',
    attributes: (resource, id) => ({
      VpcId: id,
      CidrBlock: resource.properties.CidrBlock ?? '10.0.0.0/16',
      DefaultSecurityGroup: identifier('sg', resource, 'default'),
      DefaultNetworkAcl: identifier('acl', resource, 'default'),
      CidrBlockAssociations: [identifier('vpc-cidr-assoc', resource, 'first')],
      Ipv6CidrBlocks: [],
    }),
  },
  VPCCidrBlock: { prefix: 'vpc-cidr-assoc' },
  Subnet: {
    prefix: 'subnet',
    attributes: (resource, id) => ({
      SubnetId: id,
      AvailabilityZone: text(resource.properties.AvailabilityZone),
      CidrBlock: text(resource.properties.CidrBlock),
      VpcId: text(resource.properties.VpcId),
      NetworkAclAssociationId: identifier('aclassoc', resource, 'first'),
      Ipv6CidrBlocks: [],
    }),
  },
  SecurityGroup: {
    prefix: 'sg',
    attributes: (resource, id) => ({ Id: id, GroupId: id, VpcId: text(resource.properties.VpcId) }),
  },
  SecurityGroupIngress: { prefix: 'sgr', attributes: (_resource, id) => ({ Id: id }) },
  SecurityGroupEgress: { prefix: 'sgr', attributes: (_resource, id) => ({ Id: id }) },
  RouteTable: { prefix: 'rtb', attributes: (_resource, id) => ({ RouteTableId: id }) },
  Route: { prefix: 'r' },
  SubnetRouteTableAssociation: { prefix: 'rtbassoc', attributes: (_resource, id) => ({ Id: id }) },
  InternetGateway: { prefix: 'igw', attributes: (_resource, id) => ({ InternetGatewayId: id }) },
  EgressOnlyInternetGateway: { prefix: 'eigw', attributes: (_resource, id) => ({ Id: id }) },
  VPCGatewayAttachment: { prefix: 'IGW|vpc', attributes: () => ({ AttachmentType: 'IGW' }) },
  NatGateway: { prefix: 'nat', attributes: (_resource, id) => ({ NatGatewayId: id }) },
  EIP: {
    prefix: 'eipalloc',
    attributes: (_resource, id) => ({ AllocationId: id, PublicIp: '192.0.2.1' }),
  },
  VPCEndpoint: {
    prefix: 'vpce',
    attributes: (resource, id) => ({
      Id: id,
      DnsEntries: [],
      NetworkInterfaceIds: [identifier('eni', resource, 'first')],
      CreationTimestamp: '',
    }),
  },
  NetworkAcl: { prefix: 'acl', attributes: (_resource, id) => ({ Id: id }) },
  NetworkAclEntry: { prefix: 'acle', attributes: (_resource, id) => ({ Id: id }) },
  SubnetNetworkAclAssociation: { prefix: 'aclassoc', attributes: (_resource, id) => ({ AssociationId: id }) },
  FlowLog: { prefix: 'fl', attributes: (_resource, id) => ({ Id: id }) },
};

export const resources: ResourceProvider[] = Object.entries(inert).map(([name, { prefix, attributes }]) => ({
  type: `AWS::EC2::${name}`,
  create(resource: TemplateResource, _cloud: Cloud): CreatedResource {
    const id = identifier(prefix, resource);
    return { ref: id, attributes: attributes?.(resource, id) };
  },
}));

/** The same for the same resource in every run: seventeen hexadecimal digits, as EC2's are. */
function identifier(prefix: string, { stackName, logicalId }: TemplateResource, part = ''): string {
  const digest = createHash('sha256').update(`${stackName}/${logicalId}/${part}`).digest('hex');
  return `${prefix}-0${digest.slice(0, 16)}`;
}

const text = (value: unknown): string => (value === undefined ? '' : String(value));
