import type { TemplateResource } from '../../../../../packages/laptop/assembly/resource.ts';
import { resources } from '../../../../../packages/laptop/services/ec2/resources.ts';

const create = (type: string, logicalId: string, properties: Record<string, unknown> = {}) => {
  const provider = resources.find((candidate) => candidate.type === `AWS::EC2::${type}`);
  const given = { type, logicalId, stackName: 'Stack', properties, metadata: {} } as unknown as TemplateResource;
  return provider!.create(given, undefined as never);
};

describe('inert networking', () => {
  test('has ids as EC2 has them, one for each logical id, the same in every run', async () => {
    const [first, second] = [await create('Subnet', 'One'), await create('Subnet', 'Two')];
    expect(first.ref).toMatch(/^subnet-[0-9a-f]{17}$/);
    expect(second.ref).not.toBe(first.ref);
    expect((await create('Subnet', 'One')).ref).toBe(first.ref);
  });

  test('answers the attributes that templates read', async () => {
    const vpc = await create('VPC', 'Vpc', { CidrBlock: '10.1.0.0/16' });
    expect(vpc.attributes).toMatchObject({
      VpcId: vpc.ref,
      CidrBlock: '10.1.0.0/16',
      DefaultSecurityGroup: expect.stringMatching(/^sg-/),
    });
    const group = await create('SecurityGroup', 'Group', { VpcId: vpc.ref });
    expect(group.attributes).toMatchObject({ GroupId: group.ref, VpcId: vpc.ref });
  });
});
