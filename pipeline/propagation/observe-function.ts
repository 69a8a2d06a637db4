import {
  GetAliasCommand,
  GetFunctionCommand,
  type GetFunctionCommandOutput,
  GetProvisionedConcurrencyConfigCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import { quote } from '@keyturn/consumer/contracts/quote';
import { isNamed } from '../errors.ts';
import { RECYCLE_VARIABLE } from './recycle-mark.ts';
import type { ObservedAlias, ObservedFunction, ProvisionedConcurrencyStatus } from './recycle-plan.ts';

/**
 * $LATEST, a version, or the version that an alias points to. GetFunction, not GetFunctionConfiguration: it has 100 calls
 * a second of its own, the others share 15. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
 */
export async function observeFunction(
  client: LambdaClient,
  functionArn: string,
  qualifier?: string,
): Promise<ObservedFunction> {
  const answer = await client.send(
    new GetFunctionCommand({ FunctionName: functionArn, ...(qualifier && { Qualifier: qualifier }) }),
  );
  return observedFunction(functionArn, answer.Configuration ?? {});
}

type Configuration = NonNullable<GetFunctionCommandOutput['Configuration']>;

export function observedFunction(functionArn: string, found: Configuration): ObservedFunction {
  const { Environment: environment } = found;
  const reason = found.LastUpdateStatusReason ?? found.StateReason;
  return {
    name: found.FunctionName ?? functionArn,
    version: found.Version ?? '$LATEST',
    revisionId: found.RevisionId ?? '',
    description: found.Description ?? '',
    state: (found.State as ObservedFunction['state']) ?? 'Active',
    lastUpdateStatus: (found.LastUpdateStatus as ObservedFunction['lastUpdateStatus']) ?? 'Successful',
    reason: reason === undefined ? undefined : quote(reason, []),
    environment: environment?.Error
      ? { error: environment.Error.ErrorCode ?? 'unknown' }
      : { variables: environment?.Variables ?? {} },
    timeoutSeconds: found.Timeout ?? 3,
    fingerprint: fingerprint(found),
  };
}

/**
 * What a version is made of, without what differs between $LATEST and a version published of it, without our variable,
 * and without the hash that our variable is in.
 */
function fingerprint(configuration: Configuration): string {
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
    ConfigSha256,
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
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => [key, sorted(entry)]),
  );
}

export async function observeAlias(
  client: LambdaClient,
  functionArn: string,
  name: string,
  version: ObservedFunction,
): Promise<ObservedAlias> {
  const alias = await client.send(new GetAliasCommand({ FunctionName: functionArn, Name: name }));
  const weights = Object.keys(alias.RoutingConfig?.AdditionalVersionWeights ?? {});
  return {
    name,
    revisionId: alias.RevisionId ?? '',
    isWeighted: weights.length > 0,
    // It may have moved since its version was looked at.
    version:
      alias.FunctionVersion === version.version
        ? version
        : await observeFunction(client, functionArn, alias.FunctionVersion),
  };
}

/** Undefined where none is configured for the alias. */
export async function provisionedConcurrency(
  client: LambdaClient,
  functionArn: string,
  alias: string,
): Promise<ProvisionedConcurrencyStatus | undefined> {
  try {
    const answer = await client.send(
      new GetProvisionedConcurrencyConfigCommand({ FunctionName: functionArn, Qualifier: alias }),
    );
    return answer.Status as ProvisionedConcurrencyStatus;
  } catch (error) {
    if (isNamed(error, 'ProvisionedConcurrencyConfigNotFoundException')) return undefined;
    throw error;
  }
}
