import type * as ec2 from 'aws-cdk-lib/aws-ec2';

/** Where a function runs: inside a VPC where its target is not reachable from outside. */
export interface FunctionNetwork {
  /** The VPC that the target is in, or that reaches it. */
  readonly vpc: ec2.IVpc;
  /**
   * Subnets with a way to the AWS APIs: interface endpoints, or NAT. docs/constructs.md#rotationpipeline
   * @default - the private subnets of the VPC
   */
  readonly subnets?: ec2.SubnetSelection;
  /**
   * What the target lets in.
   * @default - one for each function, which lets everything out
   */
  readonly securityGroups?: ec2.ISecurityGroup[];
}
