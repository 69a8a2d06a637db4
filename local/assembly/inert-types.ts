/** Types that a template may use and that mean nothing on the laptop, each with the reason. */
export const inertTypes: Readonly<Record<string, string>> = {
  'AWS::CDK::Metadata': 'tells AWS which constructs are in use',
  'AWS::EC2::VPC': 'everything is on loopback',
  'AWS::EC2::Subnet': 'everything is on loopback',
  'AWS::EC2::RouteTable': 'everything is on loopback',
  'AWS::EC2::Route': 'everything is on loopback',
  'AWS::EC2::SubnetRouteTableAssociation': 'everything is on loopback',
  'AWS::EC2::InternetGateway': 'everything is on loopback',
  'AWS::EC2::VPCGatewayAttachment': 'everything is on loopback',
  'AWS::EC2::NatGateway': 'everything is on loopback',
  'AWS::EC2::EIP': 'everything is on loopback',
  'AWS::EC2::SecurityGroup': 'everything is on loopback',
  'AWS::EC2::SecurityGroupIngress': 'everything is on loopback',
  'AWS::EC2::SecurityGroupEgress': 'everything is on loopback',
  'AWS::EC2::VPCEndpoint': 'everything is on loopback',
  'AWS::EC2::FlowLog': 'nothing flows',
  'AWS::EC2::NetworkAcl': 'everything is on loopback',
};
