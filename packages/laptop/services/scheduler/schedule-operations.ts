import { isDeepStrictEqual } from 'node:util';
import type { Access, Call, Operation } from '../../cloud.ts';
import { check, oneOf } from '../constraints.ts';
import type { Clockwork } from './clockwork.ts';
import { retryPolicyOf } from './delivery.ts';
import { checkPage, type PageInput, pageOf } from './paging.ts';
import { conflict, type Schedule, type ScheduleInput, type SchedulerState } from './state.ts';
import { checkScheduleMeaning, checkScheduleMembers, nameConstraints } from './validation.ts';

interface Named {
  readonly Name: string;
  readonly GroupName?: string;
}

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html */
export function scheduleOperations(state: SchedulerState, clockwork: Clockwork): Record<string, Operation> {
  const access =
    (action: string) =>
    (input: Named, call: Call): Access[] => [
      { action: `scheduler:${action}`, resource: state.scheduleArn(call.region, input.Name, input.GroupName) },
    ];
  const writeAccess = (action: string) => (input: ScheduleInput, call: Call) => [
    ...access(action)(input, call),
    {
      action: 'iam:PassRole',
      resource: input.Target.RoleArn,
      context: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
    },
  ];
  return {
    CreateSchedule: {
      validate: checkScheduleMembers,
      access: writeAccess('CreateSchedule'),
      handle: (input: ScheduleInput, call) => createSchedule(state, clockwork, input, call),
    },
    UpdateSchedule: {
      validate: checkScheduleMembers,
      access: writeAccess('UpdateSchedule'),
      handle: (input: ScheduleInput, call) => updateSchedule(state, clockwork, input, call),
    },
    GetSchedule: {
      validate: checkNames,
      access: access('GetSchedule'),
      handle: (input: Named, call) => describe(state.require(call.region, input.Name, input.GroupName)),
    },
    DeleteSchedule: {
      validate: checkNames,
      access: access('DeleteSchedule'),
      handle(input: Named, call) {
        const schedule = state.require(call.region, input.Name, input.GroupName);
        clockwork.disarm(schedule);
        schedule.group.schedules.delete(schedule.name);
        return {};
      },
    },
    ListSchedules: {
      validate(input) {
        checkPage(input);
        check(
          ['groupName', input.GroupName, ...nameConstraints],
          ['namePrefix', input.NamePrefix, ...nameConstraints],
          ['state', input.State, oneOf('ENABLED', 'DISABLED')],
        );
      },
      access: () => [{ action: 'scheduler:ListSchedules', resource: '*' }],
      handle: (input, call) => listSchedules(state, input, call),
    },
  };
}

function checkNames(input: Named): void {
  check(['name', input.Name, ...nameConstraints], ['groupName', input.GroupName, ...nameConstraints]);
}

export async function createSchedule(
  state: SchedulerState,
  clockwork: Clockwork,
  input: ScheduleInput,
  call: Pick<Call, 'cloud' | 'region'>,
): Promise<{ ScheduleArn: string }> {
  const { cloud, region } = call;
  await checkScheduleMeaning(cloud, input, state.groupArn(region, input.GroupName ?? 'default'));
  const group = state.requireGroup(region, input.GroupName);
  const existing = group.schedules.get(input.Name);
  if (existing) {
    // The same request once more, after its answer was lost.
    if (input.ClientToken !== undefined && isDeepStrictEqual(existing.input, input)) {
      return { ScheduleArn: existing.arn };
    }
    throw conflict(`Schedule ${input.Name} already exists.`);
  }
  const now = cloud.clock.now();
  const schedule: Schedule = {
    name: input.Name,
    arn: state.scheduleArn(region, input.Name, group.name),
    region,
    group,
    createdAt: now,
    modifiedAt: now,
    input,
  };
  group.schedules.set(schedule.name, schedule);
  clockwork.arm(schedule);
  return { ScheduleArn: schedule.arn };
}

/** Replaces everything: what an update does not name goes back to its default. */
async function updateSchedule(state: SchedulerState, clockwork: Clockwork, input: ScheduleInput, call: Call) {
  const schedule = state.require(call.region, input.Name, input.GroupName);
  await checkScheduleMeaning(call.cloud, input, schedule.group.arn);
  schedule.input = input;
  schedule.modifiedAt = call.cloud.clock.now();
  clockwork.arm(schedule);
  return { ScheduleArn: schedule.arn };
}

function describe(schedule: Schedule): Record<string, unknown> {
  const { ClientToken, ...input } = schedule.input;
  return {
    ActionAfterCompletion: 'NONE',
    ScheduleExpressionTimezone: 'UTC',
    State: 'ENABLED',
    ...input,
    Arn: schedule.arn,
    GroupName: schedule.group.name,
    CreationDate: schedule.createdAt,
    LastModificationDate: schedule.modifiedAt,
    Target: { ...input.Target, RetryPolicy: retryPolicyOf(schedule) },
  };
}

function listSchedules(
  state: SchedulerState,
  input: PageInput & { GroupName?: string; NamePrefix?: string; State?: string },
  call: Call,
) {
  const schedules =
    input.GroupName === undefined
      ? state.schedules(call.region)
      : [...state.requireGroup(call.region, input.GroupName).schedules.values()];
  const found = schedules.filter(
    (schedule) =>
      schedule.name.startsWith(input.NamePrefix ?? '') &&
      (input.State === undefined || (schedule.input.State ?? 'ENABLED') === input.State),
  );
  const { page, NextToken } = pageOf(found, ({ group, name }) => `${group.name}/${name}`, input);
  return {
    NextToken,
    Schedules: page.map((schedule) => ({
      Arn: schedule.arn,
      Name: schedule.name,
      GroupName: schedule.group.name,
      State: schedule.input.State ?? 'ENABLED',
      CreationDate: schedule.createdAt,
      LastModificationDate: schedule.modifiedAt,
      Target: { Arn: schedule.input.Target.Arn },
    })),
  };
}
