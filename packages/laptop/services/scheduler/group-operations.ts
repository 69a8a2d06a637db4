import type { Access, Call, Operation } from '../../cloud.ts';
import { check, longest, pattern, shortest } from '../constraints.ts';
import type { Clockwork } from './clockwork.ts';
import { checkPage, pageOf } from './paging.ts';
import { conflict, invalid, notFound, type ScheduleGroup, type SchedulerState } from './state.ts';
import { nameConstraints } from './validation.ts';

const MOST_TAGS = 50;

interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** Schedule groups and their tags; schedules themselves have none. */
export function groupOperations(state: SchedulerState, clockwork: Clockwork): Record<string, Operation> {
  const access =
    (action: string) =>
    (input: { Name: string }, call: Call): Access[] => [
      { action: `scheduler:${action}`, resource: state.groupArn(call.region, input.Name) },
    ];
  const validate = (input: { Name: string; Tags?: readonly Tag[] }) => {
    check(['name', input.Name, ...nameConstraints]);
    checkTags(input.Tags ?? []);
  };
  return {
    CreateScheduleGroup: {
      validate,
      access: access('CreateScheduleGroup'),
      handle: (input: { Name: string; Tags?: Tag[]; ClientToken?: string }, call) => ({
        ScheduleGroupArn: createGroup(state, call.region, input).arn,
      }),
    },
    GetScheduleGroup: {
      validate,
      access: access('GetScheduleGroup'),
      handle: (input: { Name: string }, call) => describe(state.requireGroup(call.region, input.Name)),
    },
    DeleteScheduleGroup: {
      validate,
      access: access('DeleteScheduleGroup'),
      handle(input: { Name: string }, call) {
        if (input.Name === 'default') throw invalid('The default schedule group cannot be deleted.');
        const group = state.requireGroup(call.region, input.Name);
        for (const schedule of group.schedules.values()) clockwork.disarm(schedule);
        state.groups(call.region).delete(group.name);
        return {};
      },
    },
    ListScheduleGroups: {
      validate(input) {
        checkPage(input);
        check(['namePrefix', input.NamePrefix, ...nameConstraints]);
      },
      access: () => [{ action: 'scheduler:ListScheduleGroups', resource: '*' }],
      handle(input, call) {
        const found = [...state.groups(call.region).values()].filter(({ name }) =>
          name.startsWith(input.NamePrefix ?? ''),
        );
        const { page, NextToken } = pageOf(found, ({ name }) => name, input);
        return { NextToken, ScheduleGroups: page.map(describe) };
      },
    },
    ...tagOperations(state),
  };
}

function checkTags(tags: readonly Tag[]): void {
  for (const [index, { Key, Value }] of tags.entries()) {
    check(
      [`tags.${index + 1}.member.key`, Key, shortest(1), longest(128)],
      [`tags.${index + 1}.member.value`, Value, shortest(1), longest(256)],
    );
  }
}

export function createGroup(
  state: SchedulerState,
  region: string,
  input: { Name: string; Tags?: readonly Tag[]; ClientToken?: string },
): ScheduleGroup {
  const existing = state.groups(region).get(input.Name);
  if (existing && input.ClientToken !== undefined && existing.clientToken === input.ClientToken) return existing;
  if (existing) throw conflict(`Schedule group ${input.Name} already exists.`);
  return state.addGroup(region, input.Name, {
    tags: new Map((input.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
    ...(input.ClientToken === undefined ? {} : { clientToken: input.ClientToken }),
  });
}

const describe = (group: ScheduleGroup) => ({
  Arn: group.arn,
  Name: group.name,
  State: 'ACTIVE',
  CreationDate: group.createdAt,
  LastModificationDate: group.modifiedAt,
});

const groupArn = pattern('arn:aws(-[a-z]+)?:scheduler:[a-z0-9\\-]+:\\d{12}:schedule-group\\/[0-9a-zA-Z-_.]+');

function tagOperations(state: SchedulerState): Record<string, Operation> {
  const validate = (input: { ResourceArn: string; Tags?: readonly Tag[] }) => {
    check(['resourceArn', input.ResourceArn, groupArn]);
    checkTags(input.Tags ?? []);
  };
  const access =
    (action: string) =>
    (input: { ResourceArn: string }): Access[] => [{ action: `scheduler:${action}`, resource: input.ResourceArn }];
  const find = (arn: string): ScheduleGroup => {
    const [, , , region = '', , resource = ''] = arn.split(':');
    const group = state.groups(region).get(resource.slice('schedule-group/'.length));
    if (group?.arn === arn) return group;
    throw notFound(`Schedule group ${resource.slice('schedule-group/'.length)} does not exist.`);
  };
  return {
    ListTagsForResource: {
      validate,
      access: access('ListTagsForResource'),
      handle: (input: { ResourceArn: string }) => ({
        Tags: [...find(input.ResourceArn).tags].map(([Key, Value]) => ({ Key, Value })),
      }),
    },
    TagResource: {
      validate,
      access: access('TagResource'),
      handle(input: { ResourceArn: string; Tags: Tag[] }) {
        const { tags } = find(input.ResourceArn);
        const added = new Set([...tags.keys(), ...input.Tags.map(({ Key }) => Key)]);
        if (added.size > MOST_TAGS) throw invalid(`A resource has at most ${MOST_TAGS} tags.`);
        for (const { Key, Value } of input.Tags) tags.set(Key, Value);
        return {};
      },
    },
    UntagResource: {
      validate,
      access: access('UntagResource'),
      handle(input: { ResourceArn: string; TagKeys: string[] }) {
        const { tags } = find(input.ResourceArn);
        for (const key of input.TagKeys) tags.delete(key);
        return {};
      },
    },
  };
}
