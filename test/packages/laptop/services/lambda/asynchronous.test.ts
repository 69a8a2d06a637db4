import {
  GetFunctionEventInvokeConfigCommand,
  InvokeCommand,
  type LambdaClient,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  UpdateFunctionEventInvokeConfigCommand,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createLambdaService from '../../../../../packages/laptop/services/lambda/service.ts';
import createLogsService from '../../../../../packages/laptop/services/logs/service.ts';
import createSqsService from '../../../../../packages/laptop/services/sqs/service.ts';
import { clientOptions } from '../../wire/probe.ts';
import { eventually } from '../eventually.ts';
import { allow, clientOf, logsOf, make, type NewFunction, startLaptop } from './laptop.ts';

const MINUTE = 60_000;
const queueArn = 'arn:aws:sqs:us-east-1:000000000000:q';
const failing = 'exports.handler = async () => { console.log("attempt"); throw new Error("no"); };';
const succeeding = 'exports.handler = async ({ n }) => n + 1;';
let cloud: RunningCloud;
let clock: ManualClock;
let lambda: LambdaClient;
let sqs: SQSClient;
/** When the function was at it, by the laptop's clock. */
let attempts: number[];
beforeEach(async () => {
  clock = new ManualClock(new Date());
  cloud = await startLaptop({ clock, services: [createLogsService, createLambdaService, createSqsService] });
  lambda = clientOf(cloud);
  sqs = new SQSClient(clientOptions(cloud));
  await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
  await allow(cloud, ['sqs:SendMessage'], queueArn, 'queue');
  attempts = [];
  logsOf(cloud).onLine(({ text }) => {
    if (text.includes('attempt')) attempts.push(clock.now().getTime());
  });
});
afterEach(() => cloud.close());

/** Makes a function while the clock goes on. */
async function create(code: string, more: NewFunction = {}): Promise<void> {
  const made = make(cloud, code, more);
  const ticking = setInterval(() => void clock.advance(100), 20);
  await made.finally(() => clearInterval(ticking));
}
const send = (event: object) =>
  lambda.send(
    new InvokeCommand({ FunctionName: 'f', InvocationType: 'Event', Payload: Buffer.from(JSON.stringify(event)) }),
  );
const configure = (more: object) =>
  lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: 'f', ...more }));
const message = async () => {
  const QueueUrl = `${cloud.endpointUrl}/000000000000/q`;
  const receive = new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'] });
  return (await sqs.send(receive)).Messages?.[0];
};

describe('an event', () => {
  test('is accepted at once, and what became of it goes to the destination', async () => {
    await create(succeeding);
    await configure({ DestinationConfig: { OnSuccess: { Destination: queueArn } } });
    expect(await send({ n: 1 })).toMatchObject({ StatusCode: 202 });
    const { Body } = await eventually(message);
    expect(JSON.parse(String(Body))).toMatchObject({
      version: '1.0',
      requestContext: {
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST',
        condition: 'Success',
        approximateInvokeCount: 1,
      },
      requestPayload: { n: 1 },
      responseContext: { statusCode: 200, executedVersion: '$LATEST' },
      responsePayload: 2,
    });
  });

  test('that the function fails is tried again after one minute and after two more, and buried', async () => {
    await create(failing, { DeadLetterConfig: { TargetArn: queueArn } });
    await send({ n: 1 });
    await eventually(async () => {
      await clock.advance(1_000);
      return attempts.length === 3;
    });
    const [first = 0, second = 0, third = 0] = attempts;
    expect(second - first).toBeGreaterThanOrEqual(MINUTE);
    expect(third - second).toBeGreaterThanOrEqual(2 * MINUTE);
    const buried = await eventually(message);
    expect(buried.Body).toBe('{"n":1}');
    expect(buried.MessageAttributes).toMatchObject({
      ErrorCode: { StringValue: '200' },
      ErrorMessage: { StringValue: 'no' },
      RequestID: { StringValue: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    await clock.advance(60 * MINUTE);
    expect(attempts).toHaveLength(3);
  });

  test('that is not to be tried again is reported after the first failure', async () => {
    await create(failing);
    await configure({ MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination: queueArn } } });
    await send({ n: 1 });
    const { Body } = await eventually(message);
    expect(JSON.parse(String(Body))).toMatchObject({
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 1 },
      responseContext: { functionError: 'Unhandled' },
      responsePayload: { errorType: 'Error', errorMessage: 'no' },
    });
    expect(attempts).toHaveLength(1);
  });

  test('waits while the function is throttled, until it is too old', async () => {
    await create(succeeding);
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: 'f', ReservedConcurrentExecutions: 0 }));
    await configure({
      MaximumEventAgeInSeconds: 60,
      DestinationConfig: { OnFailure: { Destination: queueArn } },
    });
    await send({ n: 1 });
    await clock.advance(59_000);
    expect(await message()).toBeUndefined();
    const found = await eventually(async () => {
      await clock.advance(10_000);
      return message();
    });
    expect(JSON.parse(String(found.Body))).toMatchObject({
      requestContext: { condition: 'EventAgeExceeded' },
      requestPayload: { n: 1 },
    });
  });

  test('of more than a megabyte is refused', async () => {
    await create(succeeding);
    await expect(send({ text: 'x'.repeat(1_048_576) })).rejects.toMatchObject({
      name: 'RequestEntityTooLargeException',
      $metadata: { httpStatusCode: 413 },
    });
  });
});

test('how events are handled is set whole, changed in part, and within bounds', async () => {
  await create(succeeding);
  const read = () => lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName: 'f' }));
  await expect(read()).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: "The function arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST doesn't have an EventInvokeConfig",
  });
  await expect(configure({})).rejects.toMatchObject({
    message: 'You must specify at least one of error handling or destination setting.',
  });
  await expect(configure({ MaximumRetryAttempts: 3 })).rejects.toMatchObject({ name: 'ValidationException' });
  await configure({ MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 100 });
  await lambda.send(new UpdateFunctionEventInvokeConfigCommand({ FunctionName: 'f', MaximumEventAgeInSeconds: 200 }));
  expect(await read()).toMatchObject({ MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 200 });
});
