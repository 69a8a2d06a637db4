import { Duration, TimeZone } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type * as stepfunctions from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { FleetRequest } from '../../pipeline/contracts/fleet.ts';
import { type Schedule, scheduleExpression } from '../../pipeline/contracts/manifest/entries/manifest-schedule.ts';

export type PlannedSchedule = Exclude<Schedule, 'native'>;

export interface ScheduledSecret {
  /** Its name in Secrets Manager. */
  readonly name: string;
  readonly secretArn: string;
  readonly group?: string;
  readonly schedule: PlannedSchedule;
}

/** What schedules start, of a pipeline. */
export interface StartedMachines {
  readonly rotateSecret: stepfunctions.IStateMachine;
  readonly rotateFleet: stepfunctions.IStateMachine;
  readonly deadLetters: sqs.IQueue;
}

export interface RotationSchedulesProps {
  readonly pipeline: StartedMachines;
  readonly secrets: readonly ScheduledSecret[];
}

/**
 * EventBridge Scheduler's schedules, one for each distinct schedule and group: of one secret it starts `rotate-secret`,
 * of several `rotate-fleet`, somewhere in its window.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-flexible-time-windows.html
 */
export class RotationSchedules extends Construct {
  readonly #pipeline: StartedMachines;

  constructor(scope: Construct, id: string, props: RotationSchedulesProps) {
    super(scope, id);
    this.#pipeline = props.pipeline;
    for (const together of rotatedTogether(props.secrets)) this.#add(together);
  }

  #add(together: readonly ScheduledSecret[]): void {
    const [first] = together as [ScheduledSecret];
    const { windowMinutes, timeZone } = first.schedule;
    // No name of a secret holds a colon: a group may be called as a secret is.
    new scheduler.Schedule(this, first.group ? `group:${first.group}` : first.name.replaceAll('/', ':'), {
      schedule: scheduler.ScheduleExpression.expression(scheduleExpression(first.schedule), TimeZone.of(timeZone)),
      description: `Keyturn: rotates ${together.length === 1 ? first.name : `${together.length} secrets`}`,
      ...(windowMinutes && { timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(windowMinutes)) }),
      target: this.#start(together),
    });
  }

  #start(together: readonly ScheduledSecret[]): StepFunctionsStartExecution {
    const [first] = together as [ScheduledSecret];
    const { rotateSecret, rotateFleet, deadLetters: deadLetterQueue } = this.#pipeline;
    if (together.length === 1) {
      const request = { secretId: first.secretArn, startedBy: 'schedule' };
      return new StepFunctionsStartExecution(rotateSecret, {
        input: scheduler.ScheduleTargetInput.fromObject(request),
        deadLetterQueue,
      });
    }
    const input = scheduler.ScheduleTargetInput.fromObject(fleetRequest(together));
    return new StepFunctionsStartExecution(rotateFleet, { input, deadLetterQueue });
  }
}

/** A group is rotated as one. Secrets that only happen to have the same schedule share its start and nothing else. */
export function rotatedTogether(secrets: readonly ScheduledSecret[]): ScheduledSecret[][] {
  const bySchedule = new Map<string, ScheduledSecret[]>();
  for (const secret of secrets) {
    const key = JSON.stringify([secret.group ?? null, secret.schedule]);
    bySchedule.set(key, [...(bySchedule.get(key) ?? []), secret]);
  }
  return [...bySchedule.values()];
}

/** In a group one failure holds the rest back; without one, no rotation waits for another. */
function fleetRequest(together: readonly ScheduledSecret[]): Partial<FleetRequest> {
  const group = together[0]?.group;
  if (group) return { group, startedBy: 'schedule' };
  return { startedBy: 'schedule', secretIds: together.map(({ name }) => name), toleratedFailurePercentage: 100 };
}
