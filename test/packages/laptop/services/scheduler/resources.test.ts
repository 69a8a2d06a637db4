import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { App, Duration, Stack, TimeZone } from 'aws-cdk-lib';
import {
  Schedule,
  ScheduleExpression,
  ScheduleGroup,
  ScheduleTargetInput,
  TimeWindow,
} from 'aws-cdk-lib/aws-scheduler';
import { SqsSendMessage } from 'aws-cdk-lib/aws-scheduler-targets';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { loadAssembly } from '../../../../../packages/laptop/assembly/load-assembly.ts';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createSchedulerService from '../../../../../packages/laptop/services/scheduler/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import { clientOptions } from '../../wire/probe.ts';
import { eventually } from '../eventually.ts';

let directory: string;
let cloud: RunningCloud;
let clock: ManualClock;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'schedules-'));
  clock = new ManualClock(new Date('2026-01-15T12:00:00Z'));
  cloud = await createCloud({ clock, random: () => 0.5, services: [createSchedulerService, createSqsService] });
});
afterEach(async () => {
  await cloud.close();
  rmSync(directory, { recursive: true, force: true });
});

test('what the CDK writes for a schedule is made, and runs with the role the CDK gave it', async () => {
  const app = new App({ outdir: directory, analyticsReporting: false });
  const stack = new Stack(app, 'App', { env: { account: '000000000000', region: 'us-east-1' } });
  const queue = new Queue(stack, 'Queue', { queueName: 'q' });
  new Schedule(stack, 'Nightly', {
    scheduleName: 'nightly',
    schedule: ScheduleExpression.cron({ minute: '0', hour: '3', timeZone: TimeZone.EUROPE_BERLIN }),
    scheduleGroup: new ScheduleGroup(stack, 'Group', { scheduleGroupName: 'g' }),
    timeWindow: TimeWindow.flexible(Duration.minutes(10)),
    target: new SqsSendMessage(queue, {
      input: ScheduleTargetInput.fromObject({ secretId: 'app/db' }),
      deadLetterQueue: new Queue(stack, 'Dead'),
      retryAttempts: 3,
    }),
  });
  app.synth();
  await loadAssembly(directory, cloud);
  const scheduler = new SchedulerClient(clientOptions(cloud));
  expect(await scheduler.send(new GetScheduleCommand({ Name: 'nightly', GroupName: 'g' }))).toMatchObject({
    ScheduleExpression: 'cron(0 3 * * ? *)',
    ScheduleExpressionTimezone: 'Europe/Berlin',
    FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 10 },
    State: 'ENABLED',
    Target: { Arn: 'arn:aws:sqs:us-east-1:000000000000:q', RetryPolicy: { MaximumRetryAttempts: 3 } },
  });
  await clock.advance(14 * 3_600_000 + 6 * 60_000);
  const [sent] = await eventually(
    () => cloud.recorder.calls({ operation: 'SendMessage' }),
    (calls) => calls.length > 0,
  );
  expect(sent).toMatchObject({ outcome: 'ok', resources: ['arn:aws:sqs:us-east-1:000000000000:q'] });
});
