import {
  DeleteFunctionCommand,
  GetAliasCommand,
  GetFunctionCommand,
  type GetFunctionCommandOutput,
  GetProvisionedConcurrencyConfigCommand,
  type LambdaClient,
  PublishVersionCommand,
  UpdateAliasCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { RecycleConflict } from './errors.ts';
import { nextRecycleAction, type ObservedAlias, type ObservedFunction, RECYCLE_VARIABLE } from './recycle-plan.ts';

export interface RecycleRequest {
  readonly functionArn: string;
  readonly alias?: string;
  /** The secret version that every environment shall begin with. */
  readonly versionId: string;
}

export type RecycleProgress = { done: true; timeoutSeconds: number } | { done: false; waitingFor: string };

/** Marks the versions that recycling published, so that only ours are pruned. */
const OUR_DESCRIPTION = 'Keyturn: recycled for secret version';

/**
 * One step of recycling somebody's function: looks, decides, does one thing. Called again until it is done. Everything
 * but our one variable stays byte for byte: the update is guarded by RevisionId, so a deployment at the same moment wins
 * and the next step sees its result. https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
 * @throws RecycleRefused | RecycleConflict (retryable)
 */
export async function recycleConsumer(client: LambdaClient, request: RecycleRequest): Promise<RecycleProgress> {
  const latest = await observe(client, request.functionArn);
  const alias = request.alias ? await observeAlias(client, request.functionArn, request.alias) : undefined;
  const next = nextRecycleAction(request.versionId, latest, alias);
  switch (next.action) {
    case 'done':
      return { done: true, timeoutSeconds: next.timeoutSeconds };
    case 'wait':
      return { done: false, waitingFor: next.reason };
    case 'update':
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
    case 'publish':
    case 'move-alias':
      await publishAndMove(client, request, latest, alias as ObservedAlias);
      return { done: false, waitingFor: `alias ${request.alias} of ${latest.name}` };
  }
}

/** GetFunction, not GetFunctionConfiguration: it has 100 calls a second of its own, the others share 15. */
async function observe(client: LambdaClient, functionArn: string, qualifier?: string): Promise<ObservedFunction> {
  const answer = await client.send(
    new GetFunctionCommand({ FunctionName: functionArn, ...(qualifier && { Qualifier: qualifier }) }),
  );
  return observedFunction(functionArn, answer);
}

function observedFunction(functionArn: string, { Configuration: found }: GetFunctionCommandOutput): ObservedFunction {
  const { Environment: environment } = found ?? {};
  const failure = environment?.Error;
  return {
    name: found?.FunctionName ?? functionArn,
    revisionId: found?.RevisionId ?? '',
    lastUpdateStatus: (found?.LastUpdateStatus as ObservedFunction['lastUpdateStatus']) ?? 'Successful',
    lastUpdateReason: found?.LastUpdateStatusReason,
    environment: failure ? { error: failure.ErrorCode ?? 'unknown' } : { variables: environment?.Variables ?? {} },
    timeoutSeconds: found?.Timeout ?? 3,
    fingerprint: fingerprint(found ?? {}),
    snapStart: found?.SnapStart?.ApplyOn === 'PublishedVersions',
  };
}

/** What a version is made of, without what differs between $LATEST and a published version of the same, and without our variable. */
function fingerprint(configuration: NonNullable<GetFunctionCommandOutput['Configuration']>): string {
  const {
    FunctionArn,
    Version,
    RevisionId,
    LastModified,
    LastUpdateStatus,
    LastUpdateStatusReason,
    LastUpdateStatusReasonCode,
    State,
    StateReason,
    StateReasonCode,
    Description,
    MasterArn,
    SnapStart,
    Environment,
    RuntimeVersionConfig,
    ...rest
  } = configuration;
  const { [RECYCLE_VARIABLE]: _ours, ...variables } = Environment?.Variables ?? {};
  return JSON.stringify(sorted({ ...rest, variables, snapStart: SnapStart?.ApplyOn }));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, entry]) => [key, sorted(entry)]),
  );
}

async function observeAlias(client: LambdaClient, functionArn: string, name: string): Promise<ObservedAlias> {
  const alias = await client.send(new GetAliasCommand({ FunctionName: functionArn, Name: name }));
  const weights = Object.keys(alias.RoutingConfig?.AdditionalVersionWeights ?? {});
  return {
    name,
    revisionId: alias.RevisionId ?? '',
    functionVersion: alias.FunctionVersion ?? '$LATEST',
    isWeighted: weights.length > 0,
    version: await observe(client, functionArn, alias.FunctionVersion),
    provisionedConcurrency: await provisionedConcurrency(client, functionArn, name),
  };
}

async function provisionedConcurrency(
  client: LambdaClient,
  functionArn: string,
  alias: string,
): Promise<ObservedAlias['provisionedConcurrency']> {
  try {
    const answer = await client.send(
      new GetProvisionedConcurrencyConfigCommand({ FunctionName: functionArn, Qualifier: alias }),
    );
    return answer.Status as ObservedAlias['provisionedConcurrency'];
  } catch (error) {
    if (error instanceof Error && error.name === 'ProvisionedConcurrencyConfigNotFoundException') return undefined;
    throw error;
  }
}

async function publishAndMove(
  client: LambdaClient,
  request: RecycleRequest,
  latest: ObservedFunction,
  alias: ObservedAlias,
): Promise<void> {
  const published = await guarded(() =>
    client.send(
      new PublishVersionCommand({
        FunctionName: request.functionArn,
        RevisionId: latest.revisionId,
        Description: `${OUR_DESCRIPTION} ${request.versionId}`,
      }),
    ),
  );
  const before = await client.send(
    new GetFunctionCommand({ FunctionName: request.functionArn, Qualifier: alias.functionVersion }),
  );
  await guarded(() =>
    client.send(
      new UpdateAliasCommand({
        FunctionName: request.functionArn,
        Name: alias.name,
        FunctionVersion: published.Version,
        RevisionId: alias.revisionId,
      }),
    ),
  );
  if (before.Configuration?.Description?.startsWith(OUR_DESCRIPTION)) {
    await client.send(
      new DeleteFunctionCommand({ FunctionName: request.functionArn, Qualifier: alias.functionVersion }),
    );
  }
}

/** Somebody else's change came between: nothing of ours was written, and the next step looks again. */
async function guarded<Output>(send: () => Promise<Output>): Promise<Output> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof Error && ['PreconditionFailedException', 'ResourceConflictException'].includes(error.name)) {
      throw new RecycleConflict(`The function was changed at the same moment: ${error.message}`, { cause: error });
    }
    throw error;
  }
}
