import { AwsError, type Call, type Operation } from '../../cloud.ts';
import type { LogGroup, LogStream, LogsState } from './state.ts';
import { checkMembers, invalid } from './validation.ts';

const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

export const groupArn = (call: Call, name: string) => `arn:aws:logs:${call.region}:${call.accountId}:log-group:${name}`;

/** By name or ARN. Throws AWS's ResourceNotFoundException. */
export function findGroup(state: LogsState, call: Call, nameOrArn: string | undefined): LogGroup {
  const name = groupName(nameOrArn);
  const group = state.group(call.region, name);
  if (!group) throw new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');
  return group;
}

export function groupName(nameOrArn: string | undefined): string {
  const name = nameOrArn ?? '';
  if (!name.startsWith('arn:')) return name;
  return name.split(':').slice(6).join(':').replace(/:\*$/, '');
}

export function findStream(group: LogGroup, name: string): LogStream {
  const stream = group.streams.get(name);
  if (!stream) throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
  return stream;
}

/**
 * What is asked of a group is asked of all its streams: policies name groups by `log-group:NAME:*`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
 */
export const onGroup = (action: string) => (input: any, call: Call) => [
  {
    action: `logs:${action}`,
    resource: `${groupArn(call, groupName(input.logGroupName ?? input.logGroupIdentifier))}:log-stream:`,
  },
];

export const onAllGroups = (action: string) => (_input: unknown, call: Call) => [
  { action: `logs:${action}`, resource: groupArn(call, '*'), shownAs: `${groupArn(call, '')}:log-stream:` },
];

// The exception: policies name groups without `:*` where tags are concerned.
const onTags = (action: string) => (input: any, call: Call) => [
  { action: `logs:${action}`, resource: groupArn(call, groupName(input.resourceArn)) },
];

/** Groups, streams, retention and tags. */
export function groupOperations(state: LogsState): Record<string, Operation> {
  return {
    CreateLogGroup: {
      validate(input) {
        checkMembers(input);
        if (input.deletionProtectionEnabled) throw invalid('deletionProtectionEnabled is not supported on the laptop.');
      },
      access: onGroup('CreateLogGroup'),
      handle(input, call) {
        if (state.group(call.region, input.logGroupName)) {
          throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists');
        }
        const group = state.addGroup(call.region, input.logGroupName, {
          ...(input.kmsKeyId ? { kmsKeyId: input.kmsKeyId } : {}),
          ...(input.logGroupClass ? { class: input.logGroupClass } : {}),
        });
        for (const [key, value] of Object.entries(input.tags ?? {})) group.tags.set(key, String(value));
      },
    },
    DeleteLogGroup: {
      validate: (input) => checkMembers(input),
      access: onGroup('DeleteLogGroup'),
      handle: (input, call) => state.removeGroup(findGroup(state, call, input.logGroupName)),
    },
    DescribeLogGroups: {
      validate: (input) => checkMembers(input),
      access: onAllGroups('DescribeLogGroups'),
      handle: (input, call) => describeGroups(state, input, call),
    },
    CreateLogStream: {
      validate: (input) => checkMembers(input),
      access: onStream('CreateLogStream'),
      handle(input, call) {
        const group = findGroup(state, call, input.logGroupName);
        if (group.streams.has(input.logStreamName)) {
          throw new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists');
        }
        state.addStream(group, input.logStreamName);
      },
    },
    DeleteLogStream: {
      validate: (input) => checkMembers(input),
      access: onStream('DeleteLogStream'),
      handle(input, call) {
        const group = findGroup(state, call, input.logGroupName);
        group.streams.delete(findStream(group, input.logStreamName).name);
      },
    },
    DescribeLogStreams: {
      validate: (input) => checkMembers(input),
      access: onGroup('DescribeLogStreams'),
      handle: (input, call) =>
        describeStreams(findGroup(state, call, input.logGroupName ?? input.logGroupIdentifier), input),
    },
    PutRetentionPolicy: {
      validate(input) {
        if (!retentionDays.includes(input.retentionInDays)) {
          throw invalid(
            `1 validation error detected: Value '${input.retentionInDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${retentionDays.join(', ')}]`,
          );
        }
      },
      access: onGroup('PutRetentionPolicy'),
      handle(input, call) {
        findGroup(state, call, input.logGroupName).retentionInDays = input.retentionInDays;
      },
    },
    DeleteRetentionPolicy: {
      access: onGroup('DeleteRetentionPolicy'),
      handle(input, call) {
        findGroup(state, call, input.logGroupName).retentionInDays = undefined;
      },
    },
    ...tagOperations(state),
  };
}

function tagOperations(state: LogsState): Record<string, Operation> {
  return {
    TagResource: {
      access: onTags('TagResource'),
      handle(input, call) {
        const { tags } = findGroup(state, call, input.resourceArn);
        for (const [key, value] of Object.entries(input.tags)) tags.set(key, String(value));
      },
    },
    UntagResource: {
      access: onTags('UntagResource'),
      handle(input, call) {
        const { tags } = findGroup(state, call, input.resourceArn);
        for (const key of input.tagKeys) tags.delete(key);
      },
    },
    ListTagsForResource: {
      access: onTags('ListTagsForResource'),
      handle: (input, call) => ({ tags: Object.fromEntries(findGroup(state, call, input.resourceArn).tags) }),
    },
  };
}

export const onStream = (action: string) => (input: any, call: Call) => [
  {
    action: `logs:${action}`,
    resource: `${groupArn(call, groupName(input.logGroupName ?? input.logGroupIdentifier))}:log-stream:${input.logStreamName}`,
  },
];

function describeGroups(state: LogsState, input: any, call: Call) {
  if (input.logGroupNamePrefix && input.logGroupNamePattern) {
    throw invalid('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.');
  }
  const groups = state.groups(call.region).filter(({ name, logGroupClass }) => {
    if (input.logGroupClass && logGroupClass !== input.logGroupClass) return false;
    if (input.logGroupIdentifiers) return input.logGroupIdentifiers.map(groupName).includes(name);
    if (input.logGroupNamePrefix) return name.startsWith(input.logGroupNamePrefix);
    return !input.logGroupNamePattern || name.toLowerCase().includes(input.logGroupNamePattern.toLowerCase());
  });
  const page = pageOf(groups, ({ name }) => name, input, 50);
  return {
    logGroups: page.items.map((group) => ({
      logGroupName: group.name,
      creationTime: group.creationTime,
      retentionInDays: group.retentionInDays,
      metricFilterCount: 0,
      arn: `${group.arn}:*`,
      logGroupArn: group.arn,
      logGroupClass: group.logGroupClass,
      kmsKeyId: group.kmsKeyId,
      storedBytes: [...group.streams.values()].reduce((sum, stream) => sum + stream.storedBytes, 0),
    })),
    nextToken: page.nextToken,
  };
}

function describeStreams(group: LogGroup, input: any) {
  const byTime = input.orderBy === 'LastEventTime';
  if (byTime && input.logStreamNamePrefix) {
    throw invalid('Cannot order by LastEventTime with a logStreamNamePrefix.');
  }
  const last = (stream: LogStream) => stream.events[stream.events.length - 1]?.timestamp ?? stream.creationTime;
  const streams = [...group.streams.values()]
    .filter(({ name }) => name.startsWith(input.logStreamNamePrefix ?? ''))
    .sort((a, b) => (byTime ? last(a) - last(b) : 0) || (a.name < b.name ? -1 : 1));
  if (input.descending) streams.reverse();
  const page = pageOf(streams, ({ name }) => name, input, 50);
  return {
    logStreams: page.items.map((stream) => ({
      logStreamName: stream.name,
      creationTime: stream.creationTime,
      firstEventTimestamp: stream.events[0]?.timestamp,
      lastEventTimestamp: stream.events[stream.events.length - 1]?.timestamp,
      lastIngestionTime: stream.events[stream.events.length - 1]?.ingestionTime,
      arn: `${group.arn}:log-stream:${stream.name}`,
      // AWS has answered zero here since 2019; the group's total is the one to read.
      storedBytes: 0,
      uploadSequenceToken: '1',
    })),
    nextToken: page.nextToken,
  };
}

/** A page that begins after the item which the token names. */
export function pageOf<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  input: { nextToken?: string; limit?: number },
  most: number,
): { items: T[]; nextToken?: string } {
  const after = input.nextToken === undefined ? undefined : Buffer.from(input.nextToken, 'base64url').toString('utf8');
  const start = after === undefined ? 0 : items.findIndex((item) => keyOf(item) === after) + 1;
  if (after !== undefined && start === 0) throw invalid('The specified nextToken is invalid.');
  const limit = Math.min(input.limit ?? most, most);
  const page = items.slice(start, start + limit);
  const more = start + limit < items.length;
  const last = page[page.length - 1];
  return more && last !== undefined
    ? { items: page, nextToken: Buffer.from(keyOf(last)).toString('base64url') }
    : { items: page };
}
