import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { type CloudOptions, createCloud } from '../../../../../packages/laptop/create-cloud.ts';
import { administrator } from '../../../../../packages/laptop/identity/principals.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createEventsService, { type EventsService } from '../../../../../packages/laptop/services/events/service.ts';
import createSnsService from '../../../../../packages/laptop/services/sns/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import createStatesService from '../../../../../packages/laptop/services/states/service.ts';
import { eventually } from '../eventually.ts';

export const account = '000000000000';
export const arnOf = (service: string, name: string) => `arn:aws:${service}:us-east-1:${account}:${name}`;
export const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });

export interface Message {
  readonly Body: string;
  readonly MessageAttributes?: Record<string, { StringValue: string }>;
}

/** EventBridge with what it delivers to, on a clock that a test moves; no event comes twice unless a test says so. */
export class EventsLaptop {
  readonly cloud: RunningCloud;
  readonly clock: ManualClock;
  readonly log: string[];

  private constructor(cloud: RunningCloud, clock: ManualClock, log: string[]) {
    this.cloud = cloud;
    this.clock = clock;
    this.log = log;
  }

  static async start(options: CloudOptions = {}): Promise<EventsLaptop> {
    const clock = new ManualClock(new Date('2026-01-15T12:00:30Z'));
    const log: string[] = [];
    const services = [createEventsService, createSqsService, createSnsService, createStatesService];
    const cloud = await createCloud({
      clock,
      log: (line) => log.push(line),
      random: () => 0.5,
      services: [...services, ...(options.services ?? [])],
      settings: { ...options.settings },
    });
    return new EventsLaptop(cloud, clock, log);
  }

  get buses(): EventsService['buses'] {
    return this.cloud.service<EventsService>('events').buses;
  }

  call(service: string, operation: string, input: unknown, region?: string): Promise<any> {
    const principal = administrator(account);
    return this.cloud.call({ service, operation, input, principal, ...(region && { region }) });
  }

  /** A queue that EventBridge may send to, unless a test says otherwise. */
  async queue(name: string, isOpen = true): Promise<string> {
    const QueueArn = arnOf('sqs', name);
    const Principal = { Service: 'events.amazonaws.com' };
    const Policy = document({ Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource: QueueArn });
    await this.call('sqs', 'CreateQueue', { QueueName: name, ...(isOpen && { Attributes: { Policy } }) });
    return QueueArn;
  }

  async role(RoleName: string, service: string, actions: string[]): Promise<string> {
    const trust = { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' };
    await this.call('iam', 'CreateRole', { RoleName, AssumeRolePolicyDocument: document(trust) });
    const PolicyDocument = document({ Effect: 'Allow', Action: actions, Resource: '*' });
    await this.call('iam', 'PutRolePolicy', { RoleName, PolicyName: 'deliveries', PolicyDocument });
    return `arn:aws:iam::${account}:role/${RoleName}`;
  }

  /** A rule for the events of `source`; answers its ARN. */
  async rule(source: string, ...Targets: object[]): Promise<string> {
    const EventPattern = JSON.stringify({ source: [source] });
    const { RuleArn } = await this.call('events', 'PutRule', { Name: source, EventPattern });
    await this.call('events', 'PutTargets', { Rule: source, Targets });
    return RuleArn;
  }

  async put(Source: string, detail: object = { a: 1 }, more: object = {}): Promise<string> {
    const entry = { Source, DetailType: 'Case', Detail: JSON.stringify(detail), ...more };
    const { Entries } = await this.call('events', 'PutEvents', { Entries: [entry] });
    return Entries[0].EventId;
  }

  async messages(queue: string): Promise<Message[]> {
    const QueueUrl = `${this.cloud.endpointUrl}/${account}/${queue}`;
    const input = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, MessageAttributeNames: ['All'] };
    return (await this.call('sqs', 'ReceiveMessage', input)).Messages ?? [];
  }

  /** The messages of a queue once there are as many as there should be. */
  arrived(queue: string, count = 1): Promise<Message[]> {
    return eventually(
      () => this.messages(queue),
      (found) => found.length >= count,
    );
  }

  /** Moves time on, a second after the other, until something is done. */
  async whileTimePasses<T>(done: Promise<T>): Promise<T> {
    let isDone = false;
    const end = () => {
      isDone = true;
    };
    done.then(end, end);
    await eventually(async () => {
      await this.clock.advance(1_000);
      return isDone;
    });
    return done;
  }

  /** The attributes of the first dead letter, which may need time to pass, and its body. */
  async deadLetter(queue: string): Promise<Record<string, string>> {
    const [letter] = await eventually(
      async () => {
        await this.clock.advance(1_000);
        return this.messages(queue);
      },
      (found) => found.length > 0,
    );
    const attributes = Object.entries(letter?.MessageAttributes ?? {});
    return {
      body: String(letter?.Body),
      ...Object.fromEntries(attributes.map(([name, { StringValue }]) => [name, StringValue])),
    };
  }
}
