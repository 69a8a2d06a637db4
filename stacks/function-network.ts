import type * as ec2 from 'aws-cdk-lib/aws-ec2';

/** Where a function runs: inside a VPC where its target is not reachable from outside. */
export interface FunctionNetwork {
  readonly vpc: ec2.IVpc;
  /**
   * Subnets with a way to the AWS APIs: interface endpoints, or NAT. docs/constructs.md#rotationpipeline
   * @default - the private subnets of the VPC
   */
  readonly subnets?: ec2.SubnetSelection;
  /** @default - one for each function, which lets everything out */
  readonly securityGroups?: ec2.ISecurityGroup[];
}
