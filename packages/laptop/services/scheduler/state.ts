import type { Timer } from '../../clock.ts';
import { AwsError } from '../../cloud.ts';

export interface ScheduleTarget {
  readonly Arn: string;
  readonly RoleArn: string;
  readonly Input?: string;
  readonly DeadLetterConfig?: { readonly Arn?: string };
  readonly RetryPolicy?: { readonly MaximumEventAgeInSeconds?: number; readonly MaximumRetryAttempts?: number };
  readonly EventBridgeParameters?: { readonly DetailType: string; readonly Source: string };
  readonly SqsParameters?: { readonly MessageGroupId?: string };
}

/** What CreateSchedule and UpdateSchedule take. */
export interface ScheduleInput {
  readonly Name: string;
  readonly GroupName?: string;
  readonly ScheduleExpression: string;
  readonly ScheduleExpressionTimezone?: string;
  readonly StartDate?: Date;
  readonly EndDate?: Date;
  readonly Description?: string;
  readonly State?: 'ENABLED' | 'DISABLED';
  readonly KmsKeyArn?: string;
  readonly Target: ScheduleTarget;
  readonly FlexibleTimeWindow: { readonly Mode: 'OFF' | 'FLEXIBLE'; readonly MaximumWindowInMinutes?: number };
  readonly ActionAfterCompletion?: 'NONE' | 'DELETE';
  readonly ClientToken?: string;
}

export interface Schedule {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  readonly group: ScheduleGroup;
  readonly createdAt: Date;
  modifiedAt: Date;
  input: ScheduleInput;
  /** When it runs next, its flexible window left aside. */
  nextRun?: Date;
  timer?: Timer;
}

export interface ScheduleGroup {
  readonly name: string;
  readonly arn: string;
  readonly region: string;
  readonly createdAt: Date;
  modifiedAt: Date;
  readonly clientToken?: string;
  readonly tags: Map<string, string>;
  readonly schedules: Map<string, Schedule>;
}

/** The groups of each region; `default` is always there. */
export class SchedulerState {
  readonly #regions = new Map<string, Map<string, ScheduleGroup>>();
  readonly #now: () => Date;
  readonly #accountId: string;

  constructor(now: () => Date, accountId: string) {
    this.#now = now;
    this.#accountId = accountId;
  }

  groups(region: string): Map<string, ScheduleGroup> {
    const known = this.#regions.get(region);
    if (known) return known;
    const made = new Map<string, ScheduleGroup>();
    this.#regions.set(region, made);
    this.addGroup(region, 'default');
    return made;
  }

  addGroup(region: string, name: string, more: { clientToken?: string; tags?: Map<string, string> } = {}) {
    const now = this.#now();
    const group: ScheduleGroup = {
      name,
      arn: this.groupArn(region, name),
      region,
      createdAt: now,
      modifiedAt: now,
      tags: more.tags ?? new Map(),
      schedules: new Map(),
      ...(more.clientToken === undefined ? {} : { clientToken: more.clientToken }),
    };
    this.groups(region).set(name, group);
    return group;
  }

  requireGroup(region: string, name = 'default'): ScheduleGroup {
    const group = this.groups(region).get(name);
    if (group) return group;
    throw notFound(`Schedule group ${name} does not exist.`);
  }

  require(region: string, name: string, groupName?: string): Schedule {
    const schedule = this.groups(region)
      .get(groupName ?? 'default')
      ?.schedules.get(name);
    if (schedule) return schedule;
    throw notFound(`Schedule ${name} does not exist.`);
  }

  schedules(region?: string): Schedule[] {
    const regions = region === undefined ? [...this.#regions.values()] : [this.groups(region)];
    return regions.flatMap((groups) => [...groups.values()].flatMap((group) => [...group.schedules.values()]));
  }

  clear(): void {
    this.#regions.clear();
  }

  groupArn(region: string, name: string): string {
    return `arn:aws:scheduler:${region}:${this.#accountId}:schedule-group/${name}`;
  }

  scheduleArn(region: string, name: string, groupName = 'default'): string {
    return `arn:aws:scheduler:${region}:${this.#accountId}:schedule/${groupName}/${name}`;
  }
}

export const notFound = (message: string) => new AwsError('ResourceNotFoundException', message, { httpStatus: 404 });
export const conflict = (message: string) => new AwsError('ConflictException', message, { httpStatus: 409 });
export const invalid = (message: string) => new AwsError('ValidationException', message);
