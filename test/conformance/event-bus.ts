import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  type Target,
} from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { type Endpoint, eventually, openEndpoint, uniqueName } from './endpoint.ts';

export interface Queue {
  readonly url: string;
  readonly arn: string;
}

/** A bus of a test, its rules, and queues that EventBridge may send to; taken away with `close`. */
export class EventBus {
  readonly endpoint: Endpoint;
  readonly events: EventBridgeClient;
  readonly name = uniqueName('bus');
  readonly #sqs: SQSClient;
  readonly #queues: Queue[] = [];
  #arn = '';

  private constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
    this.events = endpoint.client(EventBridgeClient);
    this.#sqs = endpoint.client(SQSClient);
  }

  static async open(): Promise<EventBus> {
    const bus = new EventBus(await openEndpoint());
    const { EventBusArn } = await bus.events.send(new CreateEventBusCommand({ Name: bus.name }));
    bus.#arn = String(EventBusArn);
    return bus;
  }

  get arn(): string {
    return this.#arn;
  }

  async queue(): Promise<Queue> {
    const QueueName = uniqueName('events').slice(0, 80);
    const { QueueUrl } = await this.#sqs.send(new CreateQueueCommand({ QueueName }));
    const { Attributes } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
    );
    const queue = { url: String(QueueUrl), arn: String(Attributes?.QueueArn) };
    const Principal = { Service: 'events.amazonaws.com' };
    const statement = { Effect: 'Allow', Principal, Action: 'sqs:SendMessage', Resource: queue.arn };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    await this.#sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    this.#queues.push(queue);
    return queue;
  }

  /** A rule on the bus; answers its name and ARN. */
  async rule(
    pattern: object,
    Targets: Target[] = [],
    name = uniqueName('rule'),
  ): Promise<{ name: string; arn: string }> {
    const request = { Name: name, EventBusName: this.name, EventPattern: JSON.stringify(pattern) };
    const { RuleArn } = await this.events.send(new PutRuleCommand(request));
    if (Targets.length > 0)
      await this.events.send(new PutTargetsCommand({ Rule: name, EventBusName: this.name, Targets }));
    return { name, arn: String(RuleArn) };
  }

  async put(Source: string, detail: object, more: object = {}): Promise<string> {
    const entry = { Source, DetailType: 'Case', Detail: JSON.stringify(detail), EventBusName: this.name, ...more };
    const { Entries } = await this.events.send(new PutEventsCommand({ Entries: [entry] }));
    return String(Entries?.[0]?.EventId);
  }

  /** What lies in a queue, taken away. */
  async taken(queue: Queue): Promise<string[]> {
    const { Messages = [] } = await this.#sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queue.url, MaxNumberOfMessages: 10 }),
    );
    for (const { ReceiptHandle } of Messages)
      await this.#sqs.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle }));
    return Messages.map(({ Body }) => String(Body));
  }

  /** Sends an event until it arrives: a rule of AWS takes effect a little after it was made. */
  arrival(queue: Queue, Source: string, detail: object, more: object = {}): Promise<string> {
    return eventually(async () => {
      await this.put(Source, detail, more);
      return this.message(queue, 3);
    });
  }

  /** The next message of a queue, or undefined when none came in time. */
  async message(queue: Queue, withinSeconds = 60): Promise<string | undefined> {
    try {
      return await eventually(async () => (await this.taken(queue))[0], withinSeconds);
    } catch {
      return undefined;
    }
  }

  async removeRule(Name: string, EventBusName = this.name): Promise<void> {
    const { Targets = [] } = await this.events.send(new ListTargetsByRuleCommand({ Rule: Name, EventBusName }));
    const Ids = Targets.map(({ Id }) => String(Id));
    if (Ids.length > 0) await this.events.send(new RemoveTargetsCommand({ Rule: Name, EventBusName, Ids }));
    await this.events.send(new DeleteRuleCommand({ Name, EventBusName }));
  }

  async close(): Promise<void> {
    const { Rules = [] } = await this.events.send(new ListRulesCommand({ EventBusName: this.name }));
    for (const { Name } of Rules) await this.removeRule(String(Name));
    await this.events.send(new DeleteEventBusCommand({ Name: this.name }));
    for (const { url } of this.#queues) await this.#sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    await this.endpoint.close();
  }
}
