import { networkPreflight } from '../../../cli/plan/network-preflight.ts';
import type { Subject } from '../../../cli/plan/preflight.ts';
import { parseManifest } from '../../../pipeline/contracts/manifest/manifest-safety.ts';

/** The laptop has no network, so RDS and EC2 are a table of what they would describe. https://docs.aws.amazon.com/AWSEC2/latest/APIReference */
const described: Record<string, object> = {
  DescribeDBClusters: { DBClusters: [] },
  DescribeDBInstances: {
    DBInstances: [
      {
        DBSubnetGroup: { VpcId: 'vpc-0a1b2c3d' },
        PubliclyAccessible: false,
        VpcSecurityGroups: [{ VpcSecurityGroupId: 'sg-db', Status: 'active' }],
      },
    ],
  },
  DescribeSecurityGroups: {
    SecurityGroups: [
      {
        GroupId: 'sg-db',
        IpPermissions: [
          {
            IpProtocol: 'tcp',
            FromPort: 6432,
            ToPort: 6432,
            UserIdGroupPairs: [{ GroupId: 'sg-0a1b2c3d' }],
            IpRanges: [],
          },
        ],
      },
    ],
  },
  DescribeSubnets: {
    Subnets: [
      { SubnetId: 'subnet-00000001', CidrBlock: '10.0.1.0/24', VpcId: 'vpc-0a1b2c3d' },
      { SubnetId: 'subnet-00000002', CidrBlock: '10.0.2.0/24', VpcId: 'vpc-0a1b2c3d' },
      { SubnetId: 'subnet-00000003', CidrBlock: '10.0.3.0/24', VpcId: 'vpc-0a1b2c3d' },
    ],
  },
  DescribeRouteTables: {
    RouteTables: [
      { Associations: [{ Main: true }], Routes: [{ DestinationCidrBlock: '10.0.0.0/16', GatewayId: 'local' }] },
      {
        Associations: [{ Main: false, SubnetId: 'subnet-00000001' }],
        Routes: [{ DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: 'nat-1' }],
      },
      {
        Associations: [{ Main: false, SubnetId: 'subnet-00000003' }],
        Routes: [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' }],
      },
    ],
  },
  DescribeVpcEndpoints: {
    VpcEndpoints: [
      { ServiceName: 'com.amazonaws.eu-central-1.secretsmanager', State: 'available' },
      { ServiceName: 'com.amazonaws.eu-central-1.ssm', State: 'pendingAcceptance' },
    ],
  },
};

const asked: Record<string, unknown>[] = [];
const client = {
  async send(command: { constructor: { name: string }; input: Record<string, unknown> }) {
    asked.push(command.input);
    return described[command.constructor.name.replace(/Command$/, '')];
  },
};

function subject(subnetIds: string[]): Subject {
  const manifest = parseManifest({
    network: { vpcId: 'vpc-0a1b2c3d', subnetIds, securityGroupIds: ['sg-0a1b2c3d'] },
    secrets: { db: { kind: 'postgres', secret: { name: 'app/db' }, superuserSecret: 'app/superuser' } },
  });
  const value = JSON.stringify({
    engine: 'postgres',
    host: 'shop.abc.eu-central-1.rds.amazonaws.com',
    port: 6432,
    username: 'shop',
    password: 'x',
  });
  return {
    manifest,
    entry: manifest.secrets.db!,
    facts: { name: 'app/db', arn: 'arn:…', isDeleted: false, stagesByVersion: {}, value },
    clients: { rds: async () => client, ec2: async () => client } as never,
    pipeline: undefined,
    caBundle: '',
    now: () => new Date(),
  };
}

test('the port of the secret, the main route table, an internet gateway that is no way out, an endpoint that is not there yet', async () => {
  const looked = subject(['subnet-00000001', 'subnet-00000002', 'subnet-00000003']);
  const found = await networkPreflight(looked, looked.entry as never);
  expect(found).toMatchObject([{ level: 'blocks', code: 'NoWayToAws' }]);
  expect(found[0]?.text).toMatch(
    /^subnet-00000002, subnet-00000003 leads nowhere, and the VPC has no endpoint for ssm, states, events:/,
  );
});

test('the database is looked up by the first label of its host', async () => {
  asked.length = 0;
  const looked = subject(['subnet-00000001']);
  await networkPreflight(looked, looked.entry as never);
  expect(asked).toContainEqual({ DBInstanceIdentifier: 'shop' });
});
