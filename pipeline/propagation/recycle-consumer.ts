import {
  DeleteFunctionCommand,
  type LambdaClient,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { quote } from '@keyturn/consumer/contracts/quote';
import { isNamed } from '../errors.ts';
import { RecycleConflict, RecycleOverdue, RecycleRefused } from './errors.ts';
import { observeAlias, observedFunction, observeFunction, provisionedConcurrency } from './observe-function.ts';
import type { RecycledItem } from './recycle-mark.ts';
import {
  describeVersion,
  isOurs,
  isRecycled,
  nextLatestAction,
  type ObservedFunction,
  refuseAlias,
  versionBefore,
} from './recycle-plan.ts';

/** A function in a VPC takes minutes at the most, a snapshot somewhat longer; what lasts longer than this is stuck. */
const OVERDUE_MILLISECONDS = 30 * 60_000;

export interface RecycleRequest extends RecycledItem {
  readonly functionArn: string;
  readonly alias?: string;
  /** When the recycle began. Missing: it is never overdue. */
  readonly since?: Date;
}

export type RecycleProgress = { done: true; timeoutSeconds: number } | { done: false; waitingFor: string };

/**
 * One step of recycling an application's function: looks, decides, does one thing. Called again until it is done. Everything
 * but our one variable stays byte for byte: the update is guarded by RevisionId, so a deployment at the same moment wins
 * and the next step sees its result. https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
 * @throws RecycleRefused | RecycleOverdue | RecycleConflict (retryable)
 */
export async function recycleConsumer(
  client: LambdaClient,
  request: RecycleRequest,
  now: Date,
): Promise<RecycleProgress> {
  const progress = await explained(request, () => step(client, request));
  if (progress.done || !request.since) return progress;
  if (now.getTime() - request.since.getTime() < OVERDUE_MILLISECONDS) return progress;
  throw new RecycleOverdue(
    `${request.functionArn} waits since ${request.since.toISOString()} for ${progress.waitingFor}. Look at the function in the Lambda console; ` +
      'the consumer converges by expiry meanwhile.',
  );
}

async function step(client: LambdaClient, request: RecycleRequest): Promise<RecycleProgress> {
  const { functionArn, alias } = request;
  const latest = await observeFunction(client, functionArn);
  const serving = alias ? await observeFunction(client, functionArn, alias) : latest;
  if (alias && serving.version !== '$LATEST') return stepAlias(client, request, alias, latest, serving);
  return stepLatest(client, request, latest);
}

async function stepLatest(
  client: LambdaClient,
  request: RecycleRequest,
  latest: ObservedFunction,
): Promise<RecycleProgress> {
  const next = nextLatestAction(request, latest);
  if (next.action === 'wait') return { done: false, waitingFor: next.reason };
  if (next.action === 'done') return { done: true, timeoutSeconds: next.timeoutSeconds };
  await guarded(() =>
    client.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: request.functionArn,
        RevisionId: next.revisionId,
        Environment: { Variables: next.variables },
      }),
    ),
  );
  return { done: false, waitingFor: `the update of ${latest.name}` };
}

/**
 * 1. The alias points to a version with our value: wait for its provisioned concurrency, make sure that all its traffic
 *    goes there, prune, done.
 * 2. $LATEST is refused, or waited for, or updated.
 * 3. $LATEST has our value: publish it, wait until the version can run, move the alias.
 */
async function stepAlias(
  client: LambdaClient,
  request: RecycleRequest,
  name: string,
  latest: ObservedFunction,
  serving: ObservedFunction,
): Promise<RecycleProgress> {
  const { functionArn } = request;
  if (isRecycled(request, serving)) {
    if ((await provisionedConcurrency(client, functionArn, name)) === 'IN_PROGRESS') {
      return { done: false, waitingFor: `provisioned concurrency of ${latest.name}:${name}` };
    }
    const alias = await observeAlias(client, functionArn, name, serving);
    if (alias.isWeighted) refuseAlias(latest, alias);
    await prune(client, functionArn, serving);
    return { done: true, timeoutSeconds: serving.timeoutSeconds };
  }
  const next = nextLatestAction(request, latest);
  if (next.action === 'wait') return { done: false, waitingFor: next.reason };
  const alias = await observeAlias(client, functionArn, name, serving);
  refuseAlias(latest, alias);
  if (next.action === 'update') return stepLatest(client, request, latest);
  // Without a change since the last version, that one is answered again: a step that was killed here goes on.
  const published = await guarded(() =>
    client.send(
      new PublishVersionCommand({
        FunctionName: functionArn,
        RevisionId: latest.revisionId,
        Description: describeVersion(alias.version),
      }),
    ),
  );
  // A version whose snapshot is still made refuses invocations: traffic waits for it where it is.
  const version = observedFunction(functionArn, published);
  if (version.state === 'Pending') return { done: false, waitingFor: `version ${version.version} of ${latest.name}` };
  await guarded(() =>
    client.send(
      new UpdateAliasCommand({
        FunctionName: functionArn,
        Name: name,
        FunctionVersion: version.version,
        RevisionId: alias.revisionId,
      }),
    ),
  );
  return { done: false, waitingFor: `alias ${name} of ${latest.name}` };
}

/** So many recycles in a row were stopped before they pruned: no more is looked for. */
const MOST_STOPPED = 10;

/**
 * Deletes the versions of ours before the one before: that one may still be finishing invocations. And those between, which
 * recycles published that were stopped before the alias was moved. It never deletes versions that another process published. May be
 * called twice.
 */
async function prune(client: LambdaClient, functionArn: string, serving: ObservedFunction): Promise<void> {
  const numberBefore = versionBefore(serving.description);
  if (!numberBefore) return;
  const last = Math.max(Number(numberBefore), Number(serving.version) - MOST_STOPPED - 1);
  for (let number = Number(serving.version) - 1; number > last; number -= 1) {
    const stopped = await versionOfOurs(client, functionArn, String(number));
    if (stopped) await remove(client, functionArn, stopped);
  }
  const older: ObservedFunction[] = [];
  let found = await versionOfOurs(client, functionArn, numberBefore);
  while (found && older.length <= MOST_STOPPED) {
    found = await versionOfOurs(client, functionArn, versionBefore(found.description));
    if (found) older.push(found);
  }
  // The oldest first: an execution that is stopped here leaves no gap, across which none would be found.
  for (const version of older.reverse()) await remove(client, functionArn, version);
}

async function remove(client: LambdaClient, functionArn: string, { version }: ObservedFunction): Promise<void> {
  try {
    await client.send(new DeleteFunctionCommand({ FunctionName: functionArn, Qualifier: version }));
  } catch (error) {
    // Another alias points to it, or another process was faster. Leave the version to it..
    if (!isNamed(error, 'ResourceConflictException', 'ResourceNotFoundException')) throw error;
  }
}

async function versionOfOurs(
  client: LambdaClient,
  functionArn: string,
  version: string | undefined,
): Promise<ObservedFunction | undefined> {
  if (!version) return undefined;
  try {
    const observed = await observeFunction(client, functionArn, version);
    return isOurs(observed.description) ? observed : undefined;
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return undefined;
    throw error;
  }
}

/** Another process changed the function in between: nothing of ours was written, and the next step looks again. */
async function guarded<Output>(send: () => Promise<Output>): Promise<Output> {
  try {
    return await send();
  } catch (error) {
    if (isNamed(error, 'PreconditionFailedException', 'ResourceConflictException')) {
      throw new RecycleConflict(`The function was changed at the same moment: ${quote((error as Error).message, [])}`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** What Lambda will refuse again, however often it is asked. */
async function explained<Output>(request: RecycleRequest, act: () => Promise<Output>): Promise<Output> {
  try {
    return await act();
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) {
      throw new RecycleRefused(
        `${request.functionArn} ${request.alias ? `or its alias ${request.alias} ` : ''}does not exist. Correct the consumer in the manifest.`,
        { cause: error },
      );
    }
    if (isNamed(error, 'CodeStorageExceededException')) {
      throw new RecycleRefused(
        `${request.functionArn}: the account has no room for another version. Delete versions that are not in use, or declare the consumer with "freshness": "expire".`,
        { cause: error },
      );
    }
    if (isNamed(error, 'InvalidParameterValueException')) {
      // Neither message nor cause: Lambda may quote every variable of the function in it.
      throw new RecycleRefused(
        `${request.functionArn}: Lambda refuses any update of it (InvalidParameterValueException). Try one in the Lambda console, which says why, or declare it with "freshness": "expire".`,
      );
    }
    throw error;
  }
}
