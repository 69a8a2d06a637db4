import { type Access, AwsError, type Call, type Operation, type Service } from '../../cloud.ts';
import { type Stack, type StackResource, Stacks } from './state.ts';

export interface CloudFormationService extends Service {
  readonly name: 'cloudformation';
  readonly stacks: Stacks;
}

const MOST_ITEMS = 100;
const STATUS = 'CREATE_COMPLETE';

/**
 * CloudFormation to be read: what a loaded assembly became. Nothing is deployed through it.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html
 */
export default function createCloudFormationService(): CloudFormationService {
  const stacks = new Stacks();
  return {
    name: 'cloudformation',
    stacks,
    schemas: () => import('@aws-sdk/client-cloudformation') as Promise<Record<string, unknown>>,
    operations: { ...stackOperations(stacks), ...resourceOperations(stacks), ...exportOperations(stacks) },
    reset: () => stacks.clear(),
  };
}

function stackOperations(stacks: Stacks): Record<string, Operation> {
  return {
    DescribeStacks: {
      access: onStack(stacks, 'DescribeStacks'),
      handle(input, call) {
        const { StackName: wanted } = input;
        const all = wanted === undefined ? stacks.list(call.region) : [expectStack(stacks, call, wanted)];
        const { items, token } = page(all, input);
        return { Stacks: items.map(describe), NextToken: token };
      },
    },
    ListStacks: {
      access: () => [{ action: 'cloudformation:ListStacks', resource: '*' }],
      handle(input, call) {
        const wanted: string[] = input.StackStatusFilter ?? [];
        const all = wanted.length > 0 && !wanted.includes(STATUS) ? [] : stacks.list(call.region);
        const { items, token } = page(all, input);
        return { StackSummaries: items.map(summarize), NextToken: token };
      },
    },
    GetTemplate: {
      access: onStack(stacks, 'GetTemplate'),
      handle: (input, call) => ({
        TemplateBody: expectStack(stacks, call, input.StackName).template,
        StagesAvailable: ['Original', 'Processed'],
      }),
    },
  };
}

function resourceOperations(stacks: Stacks): Record<string, Operation> {
  return {
    ListStackResources: {
      access: onStack(stacks, 'ListStackResources'),
      handle(input, call) {
        const stack = expectStack(stacks, call, input.StackName);
        const { items, token } = page(stack.resources, input);
        const StackResourceSummaries = items.map((resource) => ({
          LogicalResourceId: resource.logicalId,
          PhysicalResourceId: resource.physicalId,
          ResourceType: resource.type,
          LastUpdatedTimestamp: stack.createdAt,
          ResourceStatus: STATUS,
          DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
        }));
        return { StackResourceSummaries, NextToken: token };
      },
    },
    DescribeStackResources: {
      access: onStack(stacks, 'DescribeStackResources'),
      handle(input, call) {
        const stack = stackOf(stacks, call, input);
        const { LogicalResourceId: logicalId } = input;
        const found = stack.resources.filter((resource) => logicalId === undefined || resource.logicalId === logicalId);
        return { StackResources: found.slice(0, MOST_ITEMS).map((resource) => describeResource(stack, resource)) };
      },
    },
    DescribeStackResource: {
      access: onStack(stacks, 'DescribeStackResource'),
      handle(input, call) {
        const stack = expectStack(stacks, call, input.StackName);
        const resource = stack.resources.find(({ logicalId }) => logicalId === input.LogicalResourceId);
        if (!resource) throw invalid(`Resource ${input.LogicalResourceId} does not exist for stack ${stack.name}`);
        const { Timestamp, ...detail } = describeResource(stack, resource);
        return { StackResourceDetail: { ...detail, LastUpdatedTimestamp: Timestamp } };
      },
    },
  };
}

function exportOperations(stacks: Stacks): Record<string, Operation> {
  return {
    ListExports: {
      access: () => [{ action: 'cloudformation:ListExports', resource: '*' }],
      handle(input, call) {
        const all = stacks
          .list(call.region)
          .flatMap(({ id, outputs }) =>
            outputs.flatMap(({ exportName, value }) =>
              exportName === undefined ? [] : [{ ExportingStackId: id, Name: exportName, Value: value }],
            ),
          );
        const { items, token } = page(all, input);
        return { Exports: items, NextToken: token };
      },
    },
  };
}

const invalid = (message: string) => new AwsError('ValidationError', message);

function expectStack(stacks: Stacks, call: Call, nameOrId: string): Stack {
  const stack = stacks.find(call.region, nameOrId);
  if (!stack) throw invalid(`Stack with id ${nameOrId} does not exist`);
  return stack;
}

function stackOf(stacks: Stacks, call: Call, input: any): Stack {
  const { StackName: name, PhysicalResourceId: physicalId } = input;
  if (name !== undefined && physicalId !== undefined) {
    throw invalid('Only one of StackName or PhysicalResourceId may be specified');
  }
  if (name !== undefined) return expectStack(stacks, call, name);
  const stack = stacks
    .list(call.region)
    .find(({ resources }) => resources.some((resource) => resource.physicalId === physicalId));
  if (!stack) throw invalid(`Stack for ${physicalId} does not exist`);
  return stack;
}

const onStack =
  (stacks: Stacks, action: string) =>
  (input: any, call: Call): Access[] => {
    const found = input.StackName === undefined ? undefined : stacks.find(call.region, input.StackName);
    const arn = `arn:aws:cloudformation:${call.region}:${call.accountId}:stack/${input.StackName}/*`;
    return [{ action: `cloudformation:${action}`, resource: input.StackName === undefined ? '*' : (found?.id ?? arn) }];
  };

function page<T>(all: readonly T[], input: { NextToken?: string }): { items: T[]; token: string | undefined } {
  const start = input.NextToken === undefined ? 0 : Number(input.NextToken);
  if (!Number.isInteger(start) || start < 0 || start > all.length) throw invalid('NextToken is invalid');
  const end = start + MOST_ITEMS;
  return { items: all.slice(start, end), token: end < all.length ? String(end) : undefined };
}

const describe = (stack: Stack) => ({
  StackId: stack.id,
  StackName: stack.name,
  Description: stack.description,
  Parameters: stack.parameters.map(({ key, value, resolvedValue }) => ({
    ParameterKey: key,
    ParameterValue: value,
    ResolvedValue: resolvedValue,
  })),
  CreationTime: stack.createdAt,
  RollbackConfiguration: {},
  StackStatus: STATUS,
  DisableRollback: false,
  NotificationARNs: [],
  Outputs: stack.outputs.map(({ key, value, description, exportName }) => ({
    OutputKey: key,
    OutputValue: value,
    Description: description,
    ExportName: exportName,
  })),
  Tags: Object.entries(stack.tags).map(([Key, Value]) => ({ Key, Value })),
  EnableTerminationProtection: false,
  DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
});

const summarize = (stack: Stack) => ({
  StackId: stack.id,
  StackName: stack.name,
  TemplateDescription: stack.description,
  CreationTime: stack.createdAt,
  StackStatus: STATUS,
  DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
});

const describeResource = (stack: Stack, resource: StackResource) => ({
  StackName: stack.name,
  StackId: stack.id,
  LogicalResourceId: resource.logicalId,
  PhysicalResourceId: resource.physicalId,
  ResourceType: resource.type,
  Timestamp: stack.createdAt,
  ResourceStatus: STATUS,
  DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
});
