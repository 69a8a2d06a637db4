import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { page } from './paging.ts';
import type { Group, RdsState } from './state.ts';

type Input = Record<string, any>;

/** Subnet and parameter groups: they have to be there, and change nothing on a laptop. */
export function groupOperations(state: RdsState): Record<string, Operation> {
  const access = (_input: Input, call: Call) => [{ action: `rds:${call.operation}`, resource: '*' }];
  const list = (type: Group['type'], call: Call, name: string | undefined, missing: string) => {
    const all = [...state.groups.values()].filter((group) => group.type === type && group.region === call.region);
    const kept = name ? all.filter((group) => group.name === name.toLowerCase()) : all;
    if (name && kept.length === 0) throw new AwsError(missing, `${name} not found.`, { httpStatus: 404 });
    return kept;
  };
  return {
    DescribeDBSubnetGroups: {
      access,
      handle: (input, call) => {
        const kept = list('subgrp', call, input.DBSubnetGroupName, 'DBSubnetGroupNotFoundFault');
        const { records, Marker } = page(kept, input, ({ name }) => name);
        return {
          Marker,
          DBSubnetGroups: records.map(({ name, arn, given }) => ({
            DBSubnetGroupName: name,
            DBSubnetGroupArn: arn,
            DBSubnetGroupDescription: given.DBSubnetGroupDescription,
            SubnetGroupStatus: 'Complete',
            Subnets: (given.SubnetIds ?? []).map((id: string) => ({ SubnetIdentifier: id, SubnetStatus: 'Active' })),
          })),
        };
      },
    },
    DescribeDBParameterGroups: {
      access,
      handle: (input, call) => {
        const kept = list('pg', call, input.DBParameterGroupName, 'DBParameterGroupNotFound');
        const { records, Marker } = page(kept, input, ({ name }) => name);
        return {
          Marker,
          DBParameterGroups: records.map(({ name, arn, given }) => ({
            DBParameterGroupName: name,
            DBParameterGroupArn: arn,
            DBParameterGroupFamily: given.Family,
            Description: given.Description,
          })),
        };
      },
    },
    DescribeDBClusterParameterGroups: {
      access,
      handle: (input, call) => {
        const kept = list('cluster-pg', call, input.DBClusterParameterGroupName, 'DBParameterGroupNotFound');
        const { records, Marker } = page(kept, input, ({ name }) => name);
        return {
          Marker,
          DBClusterParameterGroups: records.map(({ name, arn, given }) => ({
            DBClusterParameterGroupName: name,
            DBClusterParameterGroupArn: arn,
            DBParameterGroupFamily: given.Family,
            Description: given.Description,
          })),
        };
      },
    },
  };
}
