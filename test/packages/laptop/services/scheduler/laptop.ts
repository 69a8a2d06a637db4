import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { type CreateScheduleCommandInput, SchedulerClient } from '@aws-sdk/client-scheduler';
import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createEventsService from '../../../../../packages/laptop/services/events/service.ts';
import createSchedulerService from '../../../../../packages/laptop/services/scheduler/service.ts';
import createSnsService from '../../../../../packages/laptop/services/sns/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import createStatesService from '../../../../../packages/laptop/services/states/service.ts';
import { clientOptions } from '../../wire/probe.ts';

export const account = '000000000000';
export const roleArn = `arn:aws:iam::${account}:role/scheduler`;
export const queueArn = (name: string) => `arn:aws:sqs:us-east-1:${account}:${name}`;

export interface Laptop {
  cloud: RunningCloud;
  clock: ManualClock;
  scheduler: SchedulerClient;
  sqs: SQSClient;
  iam: IAMClient;
  log: string[];
}

/** A cloud that stands still at noon, 15 January 2026, with a queue `q` and a role that may do what `actions` say. */
export async function startLaptop(actions: string[] = ['sqs:SendMessage']): Promise<Laptop> {
  const clock = new ManualClock(new Date('2026-01-15T12:00:30Z'));
  const log: string[] = [];
  const cloud = await createCloud({
    clock,
    log: (line) => log.push(line),
    random: () => 0.5,
    services: [createSchedulerService, createSqsService, createSnsService, createEventsService, createStatesService],
  });
  const iam = new IAMClient(clientOptions(cloud));
  const sqs = new SQSClient(clientOptions(cloud));
  await makeRole(iam, 'scheduler', actions);
  await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
  return { cloud, clock, log, iam, sqs, scheduler: new SchedulerClient(clientOptions(cloud)) };
}

export const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });

export async function makeRole(iam: IAMClient, RoleName: string, actions: string[], condition?: object) {
  const Principal = { Service: ['scheduler.amazonaws.com', 'states.amazonaws.com'] };
  const trust = { Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...(condition && { Condition: condition }) };
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: policy(trust) }));
  if (actions.length === 0) return;
  const PolicyDocument = policy({ Effect: 'Allow', Action: actions, Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'target', PolicyDocument }));
}

/** A schedule that sends `hello` to the queue every hour, changed by `more`. */
export function schedule(more: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput {
  return {
    Name: 's',
    ScheduleExpression: 'cron(0 * * * ? *)',
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Arn: queueArn('q'), RoleArn: roleArn, Input: 'hello' },
    ...more,
  };
}

export async function receive({ cloud, sqs }: Laptop, name = 'q'): Promise<Message[]> {
  const QueueUrl = `${cloud.endpointUrl}/${account}/${name}`;
  const input = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, MessageAttributeNames: ['All'] };
  return (await sqs.send(new ReceiveMessageCommand(input))).Messages ?? [];
}
