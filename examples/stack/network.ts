import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';

/** What functions in the VPC call; there is no way to the internet. */
const SERVICES = {
  SecretsManager: ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
  Kms: ec2.InterfaceVpcEndpointAwsService.KMS,
  Ssm: ec2.InterfaceVpcEndpointAwsService.SSM,
  Rds: ec2.InterfaceVpcEndpointAwsService.RDS,
  Events: ec2.InterfaceVpcEndpointAwsService.EVENTBRIDGE,
  StepFunctions: ec2.InterfaceVpcEndpointAwsService.STEP_FUNCTIONS,
  Logs: ec2.InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Bedrock: ec2.InterfaceVpcEndpointAwsService.BEDROCK_RUNTIME,
};

/** A VPC without a way out: isolated subnets, and endpoints for what the functions call. */
export class ExampleNetwork extends Construct {
  readonly vpc: ec2.Vpc;
  /** Of the functions. */
  readonly functions: ec2.SecurityGroup;
  /** Of the database and its proxy. */
  readonly database: ec2.SecurityGroup;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'private', subnetType: ec2.SubnetType.PRIVATE_ISOLATED }],
      flowLogs: { rejected: { trafficType: ec2.FlowLogTrafficType.REJECT } },
    });
    this.functions = new ec2.SecurityGroup(this, 'Functions', {
      vpc: this.vpc,
      description: 'Functions of the example',
      allowAllOutbound: false,
    });
    this.database = new ec2.SecurityGroup(this, 'Database', {
      vpc: this.vpc,
      description: 'PostgreSQL of the example, and its proxy',
      allowAllOutbound: false,
    });
    this.functions.connections.allowTo(this.database, ec2.Port.POSTGRES, 'functions to PostgreSQL');
    this.database.connections.allowInternally(ec2.Port.POSTGRES, 'the proxy to its instance');
    for (const [name, service] of Object.entries(SERVICES)) {
      const endpoint = this.vpc.addInterfaceEndpoint(name, { service, open: false });
      endpoint.connections.allowDefaultPortFrom(this.functions, `functions to ${name}`);
    }
    this.vpc.addGatewayEndpoint('DynamoDb', { service: ec2.GatewayVpcEndpointAwsService.DYNAMODB });
  }
}
