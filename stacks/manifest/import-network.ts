import { Annotations, Fn } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { Manifest } from '../../pipeline/contracts/manifest/manifest.ts';
import type { FunctionNetwork } from '../function-network.ts';

/** The network that the manifest names by ids: nothing is looked up, so that a synthesis needs no credentials. */
export function importNetwork(scope: Construct, network: Manifest['network']): FunctionNetwork | undefined {
  if (!network) return undefined;
  const availabilityZones = [Fn.select(0, Fn.getAzs())];
  const vpc = ec2.Vpc.fromVpcAttributes(scope, 'Vpc', { vpcId: network.vpcId, availabilityZones });
  const subnets = network.subnetIds.map((id) => importSubnet(scope, id));
  const securityGroups = network.securityGroupIds?.map((id) => ec2.SecurityGroup.fromSecurityGroupId(scope, id, id));
  return { vpc, subnets: { subnets }, ...(securityGroups && { securityGroups }) };
}

function importSubnet(scope: Construct, id: string): ec2.ISubnet {
  const subnet = ec2.Subnet.fromSubnetId(scope, id, id);
  // Functions ask for no route table.
  Annotations.of(subnet).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId');
  return subnet;
}
