import { AwsError, type Principal } from '../../cloud.ts';
import { deliveriesOf } from '../../deliveries.ts';
import type { Lambda } from './lambda.ts';
import type { InvocationResult } from './outcome.ts';
import { type EventInvokeConfig, type LambdaFunction, resolveVersion } from './state.ts';

const DEFAULT_RETRIES = 2;
const DEFAULT_AGE_SECONDS = 6 * 3_600;
const LONGEST_BACKOFF_MILLISECONDS = 5 * 60_000;

export interface QueuedEvent {
  readonly fn: LambdaFunction;
  readonly qualifier?: string;
  readonly requestId: string;
  /** JSON text. */
  readonly event: string;
}

interface Entry extends QueuedEvent {
  readonly since: number;
  /** Attempts that the function failed. */
  failures: number;
  throttles: number;
}

/**
 * Events of asynchronous invocations: a function that fails is asked again after one minute and after two more, one that
 * is throttled with growing pauses until the event is too old; then the event goes to the destination and the
 * dead-letter queue. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
 */
export class Queue {
  readonly #lambda: Lambda;
  #generation = 0;

  constructor(lambda: Lambda) {
    this.#lambda = lambda;
  }

  add(event: QueuedEvent): void {
    const entry = { ...event, since: this.#now(), failures: 0, throttles: 0 };
    void this.#attempt(entry, this.#generation);
  }

  /** An event of a function that invokes itself, directly or by others, goes where events that cannot be handled go. */
  stopLoop(event: QueuedEvent): void {
    const { fn, qualifier } = event;
    const { log } = this.#lambda.cloud;
    log(`lambda: ${fn.name} is invoked in a recursive loop; this invocation is stopped.`);
    const config = fn.eventInvokeConfigs.get(qualifier ?? '$LATEST');
    const entry = { ...event, since: this.#now(), failures: 0, throttles: 0 };
    deliveriesOf(this.#lambda.cloud)
      .follow(`lambda: ${fn.name}`, () => this.#giveUp(entry, config, 'RetriesExhausted'))
      .catch((error) => log(`lambda: ${fn.name}: ${error instanceof Error ? error.message : error}`));
  }

  clear(): void {
    this.#generation++;
  }

  #now(): number {
    return this.#lambda.cloud.clock.now().getTime();
  }

  #later(entry: Entry, milliseconds: number): void {
    const generation = this.#generation;
    this.#lambda.cloud.clock.after(milliseconds, () => void this.#attempt(entry, generation));
  }

  async #attempt(entry: Entry, generation: number): Promise<void> {
    if (generation !== this.#generation) return;
    try {
      await this.#carryOut(entry);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      this.#lambda.cloud.log(`asynchronous invocation ${entry.requestId} of ${entry.fn.name}: ${text}`);
    }
  }

  async #carryOut(entry: Entry): Promise<void> {
    const config = entry.fn.eventInvokeConfigs.get(entry.qualifier ?? '$LATEST');
    const oldest = (config?.maximumEventAgeSeconds ?? DEFAULT_AGE_SECONDS) * 1_000;
    if (this.#now() - entry.since > oldest) return this.#giveUp(entry, config, 'EventAgeExceeded');
    const outcome = await this.#run(entry);
    if (outcome === 'again') {
      const pause = Math.min(1_000 * 2 ** entry.throttles++, LONGEST_BACKOFF_MILLISECONDS);
      return this.#later(entry, pause);
    }
    if (!outcome.functionError) return this.#report(entry, config, 'Success', outcome);
    const retries = config?.maximumRetryAttempts ?? DEFAULT_RETRIES;
    if (entry.failures++ < retries) return this.#later(entry, entry.failures * 60_000);
    return this.#giveUp(entry, config, 'RetriesExhausted', outcome);
  }

  async #run(entry: Entry): Promise<InvocationResult | 'again'> {
    const { fn, qualifier } = entry;
    const version = resolveVersion(fn, qualifier, () => this.#lambda.cloud.random());
    if (version.state === 'Pending') return 'again';
    try {
      return await this.#lambda.runner.run(fn, version, {
        requestId: entry.requestId,
        event: entry.event,
        invokedFunctionArn: qualifier === undefined ? fn.arn : `${fn.arn}:${qualifier}`,
      });
    } catch (error) {
      if (error instanceof AwsError && error.code === 'TooManyRequestsException') return 'again';
      throw error;
    }
  }

  async #giveUp(
    entry: Entry,
    config: EventInvokeConfig | undefined,
    condition: 'RetriesExhausted' | 'EventAgeExceeded',
    result?: InvocationResult,
  ): Promise<void> {
    await this.#deadLetter(entry, result);
    await this.#report(entry, config, condition, result);
  }

  // The event itself, and attributes that say what became of it.
  async #deadLetter(entry: Entry, result: InvocationResult | undefined): Promise<void> {
    const arn = entry.fn.latest.snapshot.settings.deadLetterArn;
    if (!arn) return;
    const errorMessage = result ? String(JSON.parse(result.payload)?.errorMessage ?? '') : 'Event age exceeded';
    const attributes = {
      RequestID: { DataType: 'String', StringValue: entry.requestId },
      ErrorCode: { DataType: 'Number', StringValue: '200' },
      ErrorMessage: { DataType: 'String', StringValue: errorMessage.slice(0, 1_024) || ' ' },
    };
    await this.#send(entry.fn, arn, entry.event, attributes);
  }

  async #report(
    entry: Entry,
    config: EventInvokeConfig | undefined,
    condition: 'Success' | 'RetriesExhausted' | 'EventAgeExceeded',
    result?: InvocationResult,
  ): Promise<void> {
    const arn = condition === 'Success' ? config?.destination.onSuccessArn : config?.destination.onFailureArn;
    if (!arn) return;
    const { cloud } = this.#lambda;
    const record = {
      version: '1.0',
      timestamp: cloud.clock.now().toISOString(),
      requestContext: {
        requestId: entry.requestId,
        functionArn: `${entry.fn.arn}:${entry.qualifier ?? '$LATEST'}`,
        condition,
        approximateInvokeCount: entry.failures + (condition === 'Success' ? 1 : 0),
      },
      requestPayload: JSON.parse(entry.event),
      ...(result
        ? {
            responseContext: {
              statusCode: 200,
              executedVersion: result.executedVersion,
              ...(result.functionError ? { functionError: result.functionError } : {}),
            },
            responsePayload: JSON.parse(result.payload),
          }
        : {}),
    };
    await this.#send(entry.fn, arn, JSON.stringify(record));
  }

  // With the function's own role, which needs the permission.
  async #send(fn: LambdaFunction, arn: string, body: string, attributes?: object): Promise<void> {
    const { cloud } = this.#lambda;
    const credentials = cloud.assumeRole(fn.latest.snapshot.settings.roleArn, fn.name);
    try {
      await deliver(this.#lambda, { arn, body, principal: credentials.principal, attributes, functionArn: fn.arn });
    } finally {
      (cloud as { sessions?: { revoke(id: string): boolean } }).sessions?.revoke(credentials.accessKeyId);
    }
  }
}

async function deliver(
  lambda: Lambda,
  {
    arn,
    body,
    principal,
    attributes,
    functionArn,
  }: {
    arn: string;
    body: string;
    principal: Principal;
    attributes: object | undefined;
    functionArn: string;
  },
): Promise<void> {
  const [, , service, region = lambda.cloud.region, account = '', name = ''] = arn.split(':');
  const request = { principal, region };
  const more = attributes ? { MessageAttributes: attributes } : {};
  switch (service) {
    case 'sqs': {
      const QueueUrl = `${lambda.cloud.endpointUrl}/${account}/${name}`;
      await lambda.cloud.call({
        ...request,
        service: 'sqs',
        operation: 'SendMessage',
        input: { QueueUrl, MessageBody: body, ...more },
      });
      return;
    }
    case 'sns':
      await lambda.cloud.call({
        ...request,
        service: 'sns',
        operation: 'Publish',
        input: { TopicArn: arn, Message: body, ...more },
      });
      return;
    case 'lambda': {
      const input = { FunctionName: arn, InvocationType: 'Event', Payload: Buffer.from(body) };
      await lambda.cloud.call({ ...request, service: 'lambda', operation: 'Invoke', input });
      return;
    }
    case 'events': {
      const record = JSON.parse(body);
      const success = record.requestContext.condition === 'Success';
      const Entries = [
        {
          Source: 'lambda',
          DetailType: `Lambda Function Invocation Result - ${success ? 'Success' : 'Failure'}`,
          Resources: [arn, `${functionArn}:$LATEST`],
          Detail: body,
          EventBusName: arn,
        },
      ];
      await lambda.cloud.call({ ...request, service: 'events', operation: 'PutEvents', input: { Entries } });
      return;
    }
    default:
      throw new AwsError('InvalidParameterValueException', `The destination ARN ${arn} is invalid.`);
  }
}
