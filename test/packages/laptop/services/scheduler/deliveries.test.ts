import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import { CreateScheduleCommand, GetScheduleCommand, UpdateScheduleCommand } from '@aws-sdk/client-scheduler';
import { CreateStateMachineCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { SnsService } from '../../../../../packages/laptop/services/sns/service.ts';
import { askLocal } from '../../../../laptop-requests.ts';
import { clientOptions } from '../../wire/probe.ts';
import { eventually } from '../eventually.ts';
import { account, type Laptop, policy, queueArn, receive, roleArn, schedule, startLaptop } from './laptop.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let laptop: Laptop;
afterEach(() => laptop?.cloud.close());

const create = (more: Parameters<typeof schedule>[0] = {}) =>
  laptop.scheduler.send(new CreateScheduleCommand(schedule(more)));
const target = schedule().Target!;
const bodies = async () => (await receive(laptop)).map(({ Body }) => Body);
/** Moves time on, and waits until as many messages are there as should be. */
async function messages(milliseconds: number, count: number) {
  await laptop.clock.advance(milliseconds);
  return eventually(bodies, (found) => found.length >= count);
}

/** To 13:00:00, when the hourly schedule is due. */
const toTheHour = () => laptop.clock.advance(HOUR - 30_000);

/** Moves time on in steps of a second until something is found. */
async function advanceUntil<T>(look: () => Promise<T[]>): Promise<T[]> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found.length > 0) return found;
    if (performance.now() > deadline) throw new Error('Waited in vain.');
    await laptop.clock.advance(1000);
  }
}

describe('a schedule runs', () => {
  test('when its expression says so, as its role, and no more often', async () => {
    laptop = await startLaptop();
    await create();
    await laptop.clock.advance(59 * MINUTE);
    expect(await bodies()).toEqual([]);
    expect(await messages(MINUTE, 1)).toEqual(['hello']);
    expect(await messages(2 * HOUR, 3)).toEqual(['hello', 'hello', 'hello']);
    const [call] = laptop.cloud.recorder.calls({ operation: 'SendMessage' });
    expect(call).toMatchObject({ principal: `arn:aws:sts::${account}:assumed-role/scheduler/s`, outcome: 'ok' });
  });

  test('at a rate from its creation on', async () => {
    laptop = await startLaptop();
    await create({ ScheduleExpression: 'rate(5 minutes)' });
    expect(await messages(30_000, 1)).toHaveLength(1);
    expect(await messages(5 * MINUTE, 2)).toHaveLength(2);
  });

  test('late within its flexible window, and tells the time it was due', async () => {
    laptop = await startLaptop();
    const Input = '<aws.scheduler.scheduled-time>';
    await create({
      FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 10 },
      Target: { ...target, Input },
    });
    // Half of the window, by this laptop's random numbers: 13:05.
    await laptop.clock.advance(HOUR + 4 * MINUTE);
    expect(await bodies()).toEqual([]);
    expect(await messages(MINUTE, 1)).toEqual(['2026-01-15T13:00:00Z']);
  });

  test('not while it is disabled, and again when it is enabled', async () => {
    laptop = await startLaptop();
    await create({ State: 'DISABLED' });
    await laptop.clock.advance(5 * HOUR);
    expect(laptop.cloud.recorder.calls({ operation: 'SendMessage' })).toEqual([]);
    await laptop.scheduler.send(new UpdateScheduleCommand(schedule({ State: 'ENABLED' })));
    expect(await messages(HOUR, 1)).toHaveLength(1);
  });

  test('not after it was deleted with its cloud emptied', async () => {
    laptop = await startLaptop();
    await create();
    await laptop.cloud.reset();
    await laptop.clock.advance(2 * HOUR);
    expect(laptop.cloud.recorder.calls({ service: 'sqs' })).toEqual([]);
  });

  test('once, and is deleted then when it asks for that', async () => {
    laptop = await startLaptop();
    const once = { ScheduleExpression: 'at(2026-01-15T14:05:00)', ScheduleExpressionTimezone: 'Europe/Berlin' };
    await create({ ...once, ActionAfterCompletion: 'DELETE' });
    await create({ ...once, Name: 'kept' });
    await messages(HOUR + 5 * MINUTE, 2);
    const found = (Name: string) => laptop.scheduler.send(new GetScheduleCommand({ Name }));
    await eventually(() =>
      found('s').then(
        () => false,
        (error) => error.name === 'ResourceNotFoundException',
      ),
    );
    expect((await found('kept')).ScheduleExpression).toBe(once.ScheduleExpression);
    await laptop.clock.advance(48 * HOUR);
    expect(await bodies()).toHaveLength(2);
  });
});

describe('context attributes', () => {
  test('are filled in; each attempt has its number and an id of its own', async () => {
    laptop = await startLaptop();
    laptop.cloud.faults.add({ kind: 'throttle', service: 'sqs', operation: 'SendMessage' });
    const Input =
      '{"arn":"<aws.scheduler.schedule-arn>","at":"<aws.scheduler.scheduled-time>","n":"<aws.scheduler.attempt-number>","id":"<aws.scheduler.execution-id>","other":"<aws.scheduler.mood>"}';
    await create({ Target: { ...target, Input } });
    await toTheHour();
    const [body] = await advanceUntil(bodies);
    expect(JSON.parse(body as string)).toEqual({
      arn: `arn:aws:scheduler:us-east-1:${account}:schedule/default/s`,
      at: '2026-01-15T13:00:00Z',
      n: '2',
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      other: '<aws.scheduler.mood>',
    });
  });
});

describe('what cannot be delivered', () => {
  const deadLetters = { DeadLetterConfig: { Arn: queueArn('dead') } };
  const attributesOf = async () => {
    const [message] = await advanceUntil(() => receive(laptop, 'dead'));
    const entries = Object.entries(message?.MessageAttributes ?? {});
    return {
      body: message?.Body,
      ...Object.fromEntries(entries.map(([name, { StringValue }]) => [name, StringValue])),
    };
  };
  const start = async () => {
    laptop = await startLaptop();
    await laptop.sqs.send(new CreateQueueCommand({ QueueName: 'dead' }));
  };

  test('goes to the dead-letter queue at once when another attempt would not mend it', async () => {
    await start();
    await create({ Target: { ...target, Arn: queueArn('not-there'), ...deadLetters } });
    await laptop.clock.advance(HOUR);
    expect(await attributesOf()).toEqual({
      body: 'hello',
      ERROR_CODE: 'QueueDoesNotExist',
      ERROR_MESSAGE: 'The specified queue does not exist.',
      EXECUTION_ID: expect.stringMatching(/^[0-9a-f]{16}$/),
      IS_PAYLOAD_TRUNCATED: 'false',
      RETRY_ATTEMPTS: '0',
      SCHEDULED_TIME: '2026-01-15T13:00:00Z',
      SCHEDULE_ARN: `arn:aws:scheduler:us-east-1:${account}:schedule/default/s`,
      TARGET_ARN: 'arn:aws:scheduler:::aws-sdk:sqs:sendMessage',
    });
  });

  test('is tried as often as the policy says first', async () => {
    await start();
    laptop.cloud.faults.add({ kind: 'error', service: 'sqs', resource: '*/q', rate: 1 });
    await create({ Target: { ...target, RetryPolicy: { MaximumRetryAttempts: 2 }, ...deadLetters } });
    await toTheHour();
    expect(await attributesOf()).toMatchObject({
      ERROR_CODE: 'InternalFailure',
      EXHAUSTED_RETRY_CONDITION: 'MaximumRetryAttempts',
      RETRY_ATTEMPTS: '2',
    });
  });

  test('is given up when it is too old', async () => {
    await start();
    laptop.cloud.faults.add({ kind: 'error', service: 'sqs', resource: '*/q', rate: 1 });
    await create({ Target: { ...target, RetryPolicy: { MaximumEventAgeInSeconds: 60 }, ...deadLetters } });
    await toTheHour();
    expect(await attributesOf()).toMatchObject({ EXHAUSTED_RETRY_CONDITION: 'MaximumEventAgeInSeconds' });
  });

  test('without a queue, or with a role that may not write to it, ends in the log', async () => {
    laptop = await startLaptop(['sns:Publish']);
    await create({ Target: { ...target, ...deadLetters } });
    await laptop.clock.advance(HOUR);
    const line = await eventually(() => laptop.log.find((entry) => entry.startsWith('scheduler:')));
    expect(line).toMatch(/gave up on arn:aws:sqs:.*:q: AccessDeniedException: .*sqs:SendMessage.*took nothing/);
    expect(line).not.toContain('hello');
  });
});

describe('targets', () => {
  test('a state machine is started with the input, by ARN', async () => {
    laptop = await startLaptop(['states:StartExecution']);
    const sfn = new SFNClient(clientOptions(laptop.cloud));
    const definition = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: { Type: 'Succeed' } } });
    const { stateMachineArn } = await sfn.send(new CreateStateMachineCommand({ name: 'm', definition, roleArn }));
    await create({
      Target: { RoleArn: roleArn, Arn: stateMachineArn, Input: '{"at":"<aws.scheduler.scheduled-time>"}' },
    });
    await laptop.clock.advance(HOUR);
    const list = async () => (await sfn.send(new ListExecutionsCommand({ stateMachineArn }))).executions ?? [];
    const [execution] = await eventually(list, (found) => found.length > 0);
    expect(execution?.status).toBe('SUCCEEDED');
  });

  test('an event bus gets an event, a rule sees it', async () => {
    laptop = await startLaptop(['events:PutEvents']);
    const events = new EventBridgeClient(clientOptions(laptop.cloud));
    await events.send(new PutRuleCommand({ Name: 'r', EventPattern: '{"source":["app"]}' }));
    await events.send(new PutTargetsCommand({ Rule: 'r', Targets: [{ Id: 'q', Arn: queueArn('q') }] }));
    await allowService('events.amazonaws.com');
    await create({
      Target: {
        RoleArn: roleArn,
        Arn: `arn:aws:events:us-east-1:${account}:event-bus/default`,
        Input: '{"a":1}',
        EventBridgeParameters: { DetailType: 'Tick', Source: 'app' },
      },
    });
    const [body] = await messages(HOUR, 1);
    expect(JSON.parse(body as string)).toMatchObject({ source: 'app', 'detail-type': 'Tick', detail: { a: 1 } });
  });

  test('a topic gets a message; a target without input gets the default notification', async () => {
    laptop = await startLaptop(['sns:Publish']);
    const sns = new SNSClient(clientOptions(laptop.cloud));
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 't' }));
    await create({ Target: { RoleArn: roleArn, Arn: TopicArn } });
    await laptop.clock.advance(HOUR);
    const [message] = await eventually(
      () => laptop.cloud.service<SnsService>('sns').outbox(),
      (found) => found.length > 0,
    );
    expect(JSON.parse(message?.message as string)).toMatchObject({
      source: 'aws.scheduler',
      'detail-type': 'Scheduled Event',
      time: '2026-01-15T13:00:00Z',
      detail: '{}',
    });
  });

  test('any action that writes, as a universal target, members with a capital', async () => {
    laptop = await startLaptop(['states:StartExecution']);
    const sfn = new SFNClient(clientOptions(laptop.cloud));
    const definition = JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'A', States: { A: { Type: 'Succeed' } } });
    const { stateMachineArn } = await sfn.send(new CreateStateMachineCommand({ name: 'm', definition, roleArn }));
    const Input = JSON.stringify({
      StateMachineArn: stateMachineArn,
      Name: '<aws.scheduler.execution-id>',
      Input: '{}',
    });
    await create({ Target: { RoleArn: roleArn, Arn: 'arn:aws:scheduler:::aws-sdk:sfn:startExecution', Input } });
    await laptop.clock.advance(HOUR);
    const list = async () => (await sfn.send(new ListExecutionsCommand({ stateMachineArn }))).executions ?? [];
    const [execution] = await eventually(list, (found) => found.length > 0);
    expect(execution?.name).toMatch(/^[0-9a-f]{16}$/);
  });
});

async function allowService(Service: string) {
  const Statement = { Effect: 'Allow', Principal: { Service }, Action: 'sqs:SendMessage', Resource: queueArn('q') };
  const QueueUrl = `${laptop.cloud.endpointUrl}/${account}/q`;
  await laptop.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy: policy(Statement) } }));
}

describe('by hand', () => {
  const post = async (path: string) => {
    const answer = await askLocal(laptop.cloud, path, { method: 'POST' });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };

  test('a schedule is fired now, disabled or not, by name, group and name, or ARN', async () => {
    laptop = await startLaptop();
    const { ScheduleArn } = await create({ State: 'DISABLED' });
    for (const name of ['s', 'default/s', encodeURIComponent(ScheduleArn as string)]) {
      expect(await post(`/_local/schedules/${name}/fire`)).toEqual({
        status: 202,
        body: { fired: ScheduleArn, targets: [queueArn('q')] },
      });
    }
    await eventually(bodies, (found) => found.length === 3);
  });

  test('a rule with a schedule is fired now', async () => {
    laptop = await startLaptop();
    const events = new EventBridgeClient(clientOptions(laptop.cloud));
    const { RuleArn } = await events.send(
      new PutRuleCommand({ Name: 'nightly', ScheduleExpression: 'cron(0 3 * * ? *)' }),
    );
    await events.send(new PutTargetsCommand({ Rule: 'nightly', Targets: [{ Id: 'q', Arn: queueArn('q') }] }));
    await allowService('events.amazonaws.com');
    expect((await post('/_local/schedules/nightly/fire')).body.fired).toBe(RuleArn);
    const [body] = await eventually(bodies, (found) => found.length === 1);
    expect(JSON.parse(body as string)).toMatchObject({ source: 'aws.events', resources: [RuleArn] });
  });

  test('what is not there, or there twice, is explained', async () => {
    laptop = await startLaptop();
    await create();
    const events = new EventBridgeClient(clientOptions(laptop.cloud));
    await events.send(new PutRuleCommand({ Name: 's', ScheduleExpression: 'rate(1 day)' }));
    expect(await post('/_local/schedules/none/fire')).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('There are: s, s') },
    });
    expect((await post('/_local/schedules/s/fire')).status).toBe(409);
    expect((await post('/_local/schedules/s')).status).toBe(400);
    const listed = await (await askLocal(laptop.cloud, '/_local/schedules')).json();
    expect(listed).toEqual({
      schedules: [
        expect.objectContaining({ name: 's', kind: 'schedule', state: 'ENABLED', nextRun: '2026-01-15T13:00:00.000Z' }),
        expect.objectContaining({ name: 's', kind: 'rule', expression: 'rate(1 day)' }),
      ],
    });
  });
});
