import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { currentLineage } from '../../lineage.ts';
import { check, oneOf } from '../constraints.ts';
import { conflict, functionNotFound } from './errors.ts';
import type { Lambda } from './lambda.ts';
import { functionArn, parseFunction } from './names.ts';
import { policyDocument } from './permissions.ts';
import type { Queue } from './queue.ts';
import { type LambdaFunction, resolveVersion } from './state.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html: about sixteen times */
const MOST_INVOCATIONS_IN_A_CHAIN = 16;
const MOST_SYNCHRONOUS_BYTES = 6 * 1024 * 1024;
const MOST_ASYNCHRONOUS_BYTES = 1024 * 1024;

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
export function invokeOperations(lambda: Lambda, queue: Queue): Record<string, Operation> {
  return {
    Invoke: {
      validate(input) {
        check(
          ['invocationType', input.InvocationType, oneOf('RequestResponse', 'Event', 'DryRun')],
          ['logType', input.LogType, oneOf('None', 'Tail')],
        );
      },
      access(input, call) {
        const { name, qualifier } = parseFunction(call, input.FunctionName, input.Qualifier);
        const fn = lambda.state.find(call.region, name);
        const resourcePolicy = fn && policyDocument(fn, qualifier);
        const resource = functionArn(call, name, qualifier);
        return [{ action: 'lambda:InvokeFunction', resource, ...(resourcePolicy ? { resourcePolicy } : {}) }];
      },
      handle: (input, call) => invoke(lambda, queue, input, call),
    },
  };
}

async function invoke(lambda: Lambda, queue: Queue, input: any, call: Call) {
  const { fn, qualifier } = lambda.find(call, input);
  const type = input.InvocationType ?? 'RequestResponse';
  const event = readPayload(input.Payload, type === 'Event' ? MOST_ASYNCHRONOUS_BYTES : MOST_SYNCHRONOUS_BYTES);
  expectInvokable(fn, qualifier);
  if (type === 'DryRun') return { StatusCode: 204 };
  const isLoop = (currentLineage().invocations.get(fn.arn) ?? 0) >= MOST_INVOCATIONS_IN_A_CHAIN;
  if (type === 'Event') {
    const queued = { fn, requestId: call.requestId, event, ...(qualifier === undefined ? {} : { qualifier }) };
    if (isLoop) queue.stopLoop(queued);
    else queue.add(queued);
    return { StatusCode: 202 };
  }
  if (isLoop) throw recursion();
  const version = resolveVersion(fn, qualifier, () => lambda.cloud.random());
  if (version.state === 'Pending') {
    throw conflict(
      'The operation cannot be performed at this time. The function is currently in the following state: Pending',
    );
  }
  const clientContext = readClientContext(input.ClientContext);
  const result = await lambda.runner.run(fn, version, {
    requestId: call.requestId,
    event,
    invokedFunctionArn: qualifier === undefined ? fn.arn : `${fn.arn}:${qualifier}`,
    ...(clientContext === undefined ? {} : { clientContext }),
  });
  return {
    StatusCode: 200,
    ExecutedVersion: result.executedVersion,
    Payload: Buffer.from(result.payload),
    ...(result.functionError ? { FunctionError: result.functionError } : {}),
    ...(input.LogType === 'Tail' ? { LogResult: result.logTail } : {}),
  };
}

function recursion(): AwsError {
  return new AwsError(
    'RecursiveInvocationException',
    "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources and stopped your function's invocation.",
    { fields: { Type: 'User' } },
  );
}

function expectInvokable(fn: LambdaFunction, qualifier: string | undefined): void {
  const known =
    qualifier === undefined || qualifier === '$LATEST' || fn.versions.has(qualifier) || fn.aliases.has(qualifier);
  if (!known) throw functionNotFound(`${fn.arn}:${qualifier}`);
}

function readPayload(payload: Uint8Array | string | undefined, mostBytes: number): string {
  const bytes = Buffer.from(payload ?? '');
  if (bytes.length > mostBytes) {
    throw new AwsError(
      'RequestEntityTooLargeException',
      `${bytes.length} byte payload is too large for the ${mostBytes === MOST_ASYNCHRONOUS_BYTES ? 'Event' : 'RequestResponse'} invocation type (limit ${mostBytes} bytes)`,
      { httpStatus: 413, fields: { Type: 'User' } },
    );
  }
  if (bytes.length === 0) return '{}';
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    JSON.parse(text);
    return text;
  } catch (cause) {
    throw invalidContent('Could not parse request body into json: Could not parse payload into json', cause);
  }
}

function readClientContext(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const json = Buffer.from(text, 'base64').toString('utf8');
  try {
    JSON.parse(json);
    return json;
  } catch (cause) {
    throw invalidContent('Client context must be a valid Base64-encoded JSON object.', cause);
  }
}

function invalidContent(message: string, cause: unknown): AwsError {
  return new AwsError('InvalidRequestContentException', message, { fields: { Type: 'User' }, cause });
}
