import { contains, judgeNetwork, type NetworkFacts } from '../../../cli/plan/judge-network.ts';

const subnet = { id: 'subnet-1', cidr: '10.0.1.0/24', vpcId: 'vpc-1', leadsOut: true };
const byGroup = { protocol: 'tcp', fromPort: 5432, toPort: 5432, securityGroupIds: ['sg-function'], cidrs: [] };
const well: NetworkFacts = {
  functions: { subnets: [subnet], securityGroupIds: ['sg-function'] },
  database: { vpcId: 'vpc-1', port: 5432, isPublic: false, securityGroups: [{ id: 'sg-db', ingress: [byGroup] }] },
  endpoints: [],
  services: ['secretsmanager', 'ssm'],
};
const withIngress = (...ingress: object[]): NetworkFacts => ({
  ...well,
  database: { ...well.database, securityGroups: [{ id: 'sg-db', ingress: ingress as (typeof byGroup)[] }] },
});
const judged = (facts: NetworkFacts) => judgeNetwork(facts).map(({ level, code }) => [level, code]);

test.each<[string, NetworkFacts, [string, string][]]>([
  ['the security group lets it in, and it leads out', well, [['ok', 'PathFound']]],
  ['in by address', withIngress({ ...byGroup, securityGroupIds: [], cidrs: ['10.0.0.0/16'] }), [['ok', 'PathFound']]],
  ['in by every protocol', withIngress({ ...byGroup, protocol: '-1', fromPort: undefined }), [['ok', 'PathFound']]],
  ['nothing lets it in', withIngress(), [['blocks', 'PortClosed']]],
  ['another port is open', withIngress({ ...byGroup, fromPort: 3306, toPort: 3306 }), [['blocks', 'PortClosed']]],
  ['another group is let in', withIngress({ ...byGroup, securityGroupIds: ['sg-other'] }), [['blocks', 'PortClosed']]],
  [
    'a part of the subnet is let in',
    withIngress({ ...byGroup, securityGroupIds: [], cidrs: ['10.0.1.0/25'] }),
    [['blocks', 'PortClosed']],
  ],
  [
    'a group that is not made yet',
    { ...withIngress(), functions: { subnets: [subnet], securityGroupIds: undefined } },
    [['warns', 'SecurityGroupNew']],
  ],
  [
    'no way out and no endpoint: every step would time out',
    { ...well, functions: { ...well.functions!, subnets: [{ ...subnet, leadsOut: false }] }, endpoints: ['ssm'] },
    [['blocks', 'NoWayToAws']],
  ],
  [
    'no way out, and an endpoint for each service',
    {
      ...well,
      functions: { ...well.functions!, subnets: [{ ...subnet, leadsOut: false }] },
      endpoints: ['ssm', 'secretsmanager'],
    },
    [['ok', 'PathFound']],
  ],
  [
    'another VPC',
    { ...well, functions: { ...well.functions!, subnets: [{ ...subnet, vpcId: 'vpc-2' }] } },
    [['warns', 'OtherVpc']],
  ],
  ['no VPC and a private database', { ...well, functions: undefined }, [['blocks', 'NoNetwork']]],
  [
    'no VPC and a public database',
    { ...well, functions: undefined, database: { ...well.database, isPublic: true } },
    [['ok', 'PublicDatabase']],
  ],
])('%s', (_, facts, expected) => {
  expect(judged(facts)).toEqual(expected);
});

test('what is closed is opened by the command that is told', () => {
  const [closed] = judgeNetwork(withIngress());
  expect(closed?.remedy).toBe(
    'aws ec2 authorize-security-group-ingress --group-id sg-db --protocol tcp --port 5432 --source-group sg-function',
  );
});

test('what is missing for a way to AWS is named: the subnets and the services', () => {
  const functions = { subnets: [{ ...subnet, leadsOut: false }], securityGroupIds: ['sg-function'] };
  const [closed] = judgeNetwork({ ...well, functions, endpoints: ['ssm'] });
  expect(closed?.text).toMatch(/^subnet-1 leads nowhere, and the VPC has no endpoint for secretsmanager:/);
});

test.each([
  ['10.0.0.0/8', '10.255.255.0/24', true],
  ['0.0.0.0/0', '10.0.0.0/8', true],
  ['10.0.0.0/24', '10.0.0.0/16', false],
  ['10.0.0.0/24', '10.0.1.0/24', false],
  ['not a range', '10.0.1.0/24', false],
])('%s holds %s: %s', (range, inner, expected) => {
  expect(contains(range, inner)).toBe(expected);
});
