import { Duration, TimeZone } from 'aws-cdk-lib';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import { StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import { type Schedule, scheduleExpression } from '../../pipeline/contracts/manifest-schedule.ts';
import type { RotationPipeline } from '../rotation-pipeline.ts';

export interface RotationSchedulesProps {
  readonly pipeline: RotationPipeline;
}

interface Scheduled {
  readonly name: string;
  readonly secretArn: string;
  readonly group?: string;
  readonly schedule: Exclude<Schedule, 'native'>;
}

/**
 * EventBridge Scheduler's schedules of a pipeline. Each starts `rotate-secret` for one secret, somewhere in its window.
 * https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-flexible-time-windows.html
 */
export class RotationSchedules extends Construct {
  readonly #pipeline: RotationPipeline;

  constructor(scope: Construct, id: string, props: RotationSchedulesProps) {
    super(scope, id);
    this.#pipeline = props.pipeline;
  }

  add(secret: Scheduled): void {
    const { windowMinutes, timeZone } = secret.schedule;
    const expression = scheduleExpression(secret.schedule);
    new scheduler.Schedule(this, secret.name, {
      schedule: scheduler.ScheduleExpression.expression(expression, TimeZone.of(timeZone)),
      description: `Keyturn: rotates ${secret.name}`,
      ...(windowMinutes && { timeWindow: scheduler.TimeWindow.flexible(Duration.minutes(windowMinutes)) }),
      target: new StepFunctionsStartExecution(this.#pipeline.rotateSecret, {
        input: scheduler.ScheduleTargetInput.fromObject({ secretId: secret.secretArn, startedBy: 'schedule' }),
        deadLetterQueue: this.#pipeline.deadLetters,
      }),
    });
  }
}
