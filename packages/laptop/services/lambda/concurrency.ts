import { AwsError, type Operation } from '../../cloud.ts';
import { between, check } from '../constraints.ts';
import { lambdaTime } from './describe.ts';
import { functionNotFound, invalidParameter } from './errors.ts';
import type { Lambda } from './lambda.ts';
import { onFunction, page } from './requests.ts';
import type { LambdaFunction, ProvisionedConcurrency } from './state.ts';

const ACCOUNT_CONCURRENCY = 1_000;
const LEAST_UNRESERVED = 100;

/** Reserved and provisioned concurrency, GetAccountSettings. */
export function concurrencyOperations(lambda: Lambda): Record<string, Operation> {
  const find = (input: any, call: any) => lambda.find(call, { FunctionName: input.FunctionName }).fn;
  return {
    PutFunctionConcurrency: {
      validate: (input) =>
        check(['reservedConcurrentExecutions', input.ReservedConcurrentExecutions, between(0, 2 ** 31)]),
      access: onFunction(lambda, 'PutFunctionConcurrency'),
      handle(input, call) {
        const fn = find(input, call);
        const left = unreserved(lambda, call.region, fn) - input.ReservedConcurrentExecutions;
        if (input.ReservedConcurrentExecutions > 0 && left < LEAST_UNRESERVED) {
          throw invalidParameter(
            `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${LEAST_UNRESERVED}].`,
          );
        }
        fn.reservedConcurrency = input.ReservedConcurrentExecutions;
        return { ReservedConcurrentExecutions: fn.reservedConcurrency };
      },
    },
    GetFunctionConcurrency: {
      access: onFunction(lambda, 'GetFunctionConcurrency'),
      handle(input, call) {
        const { reservedConcurrency } = find(input, call);
        return reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: reservedConcurrency };
      },
    },
    DeleteFunctionConcurrency: {
      access: onFunction(lambda, 'DeleteFunctionConcurrency'),
      handle(input, call) {
        find(input, call).reservedConcurrency = undefined;
      },
    },
    ...provisionedOperations(lambda, find),
    GetAccountSettings: {
      access: () => [{ action: 'lambda:GetAccountSettings', resource: '*' }],
      handle(_input, call) {
        const functions = lambda.state.list(call.region);
        const size = functions.reduce((sum, fn) => sum + fn.latest.snapshot.settings.code.sizeBytes, 0);
        return {
          AccountLimit: {
            TotalCodeSize: 80_530_636_800,
            CodeSizeUnzipped: 262_144_000,
            CodeSizeZipped: 52_428_800,
            ConcurrentExecutions: ACCOUNT_CONCURRENCY,
            UnreservedConcurrentExecutions: unreserved(lambda, call.region),
          },
          AccountUsage: { TotalCodeSize: size, FunctionCount: functions.length },
        };
      },
    },
  };
}

function unreserved(lambda: Lambda, region: string, but?: LambdaFunction): number {
  const reserved = lambda.state
    .list(region)
    .filter((fn) => fn !== but)
    .reduce((sum, fn) => sum + (fn.reservedConcurrency ?? 0), 0);
  return ACCOUNT_CONCURRENCY - reserved;
}

type Find = (input: any, call: any) => LambdaFunction;

/** https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html */
function provisionedOperations(lambda: Lambda, find: Find): Record<string, Operation> {
  const onQualified = (action: string) => (input: any, call: any) => [
    { action: `lambda:${action}`, resource: lambda.arnOf(call, input) },
  ];
  return {
    PutProvisionedConcurrencyConfig: {
      validate: (input) =>
        check([
          'provisionedConcurrentExecutions',
          input.ProvisionedConcurrentExecutions,
          between(1, ACCOUNT_CONCURRENCY),
        ]),
      access: onQualified('PutProvisionedConcurrencyConfig'),
      handle(input, call) {
        const fn = find(input, call);
        expectPublished(fn, input.Qualifier);
        expectNoOther(fn, input.Qualifier);
        const requested: number = input.ProvisionedConcurrentExecutions;
        if (fn.reservedConcurrency !== undefined && requested > fn.reservedConcurrency) {
          throw invalidParameter(
            'Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function',
          );
        }
        return describe(provision(lambda, fn, input.Qualifier, requested));
      },
    },
    GetProvisionedConcurrencyConfig: {
      access: onQualified('GetProvisionedConcurrencyConfig'),
      handle(input, call) {
        const fn = find(input, call);
        expectPublished(fn, input.Qualifier);
        return describe(configOf(fn, input.Qualifier));
      },
    },
    DeleteProvisionedConcurrencyConfig: {
      access: onQualified('DeleteProvisionedConcurrencyConfig'),
      handle(input, call) {
        const fn = find(input, call);
        expectPublished(fn, input.Qualifier);
        if (fn.provisioned.delete(input.Qualifier)) endProvisioned(lambda, fn, versionOf(fn, input.Qualifier));
      },
    },
    ListProvisionedConcurrencyConfigs: {
      access: onFunction(lambda, 'ListProvisionedConcurrencyConfigs'),
      handle(input, call) {
        const fn = find(input, call);
        const { items, marker } = page([...fn.provisioned], ([qualifier]) => qualifier, input);
        const configs = items.map(([qualifier, config]) => ({
          FunctionArn: `${fn.arn}:${qualifier}`,
          ...describe(config),
        }));
        return { ProvisionedConcurrencyConfigs: configs, ...marker };
      },
    },
  };
}

const versionOf = (fn: LambdaFunction, qualifier: string) => fn.aliases.get(qualifier)?.functionVersion ?? qualifier;

function configOf(fn: LambdaFunction, qualifier: string): ProvisionedConcurrency {
  const config = fn.provisioned.get(qualifier);
  if (config) return config;
  throw new AwsError(
    'ProvisionedConcurrencyConfigNotFoundException',
    'No Provisioned Concurrency Config found for this function',
    {
      httpStatus: 404,
      fields: { Type: 'User' },
    },
  );
}

function expectPublished(fn: LambdaFunction, qualifier: string): void {
  if (qualifier === '$LATEST') {
    throw invalidParameter('Provisioned Concurrency Configs cannot be applied to unpublished function versions.');
  }
  if (fn.aliases.has(qualifier)) {
    if (fn.versions.has(versionOf(fn, qualifier))) return;
    throw invalidParameter('The function resource provided must be an alias or a published version.');
  }
  if (!fn.versions.has(qualifier)) throw functionNotFound(`${fn.arn}:${qualifier}`);
}

// A version and an alias of it cannot both be provisioned.
function expectNoOther(fn: LambdaFunction, qualifier: string): void {
  const version = versionOf(fn, qualifier);
  const other = [...fn.provisioned.keys()].find((key) => key !== qualifier && versionOf(fn, key) === version);
  if (other === undefined) return;
  throw invalidParameter(
    fn.aliases.has(qualifier)
      ? "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
      : 'Version is pointed by a Provisioned Concurrency alias',
  );
}

/** Starts the environments; IN_PROGRESS until they stand, FAILED when one does not come up. */
export function provision(
  lambda: Lambda,
  fn: LambdaFunction,
  qualifier: string,
  requested: number,
): ProvisionedConcurrency {
  const version = fn.versions.get(versionOf(fn, qualifier));
  if (!version) throw functionNotFound(`${fn.arn}:${qualifier}`);
  endProvisioned(lambda, fn, version.version);
  const config: ProvisionedConcurrency = {
    requested,
    allocated: 0,
    status: 'IN_PROGRESS',
    lastModified: lambda.cloud.clock.now(),
  };
  fn.provisioned.set(qualifier, config);
  lambda.afterUpdateTime(async () => {
    const allocated = await lambda.runner.provision(version.snapshot, requested);
    if (fn.provisioned.get(qualifier) !== config) return endProvisioned(lambda, fn, version.version);
    config.allocated = allocated;
    config.status = allocated === requested ? 'READY' : 'FAILED';
    if (config.status === 'FAILED') config.statusReason = 'FUNCTION_ERROR_INIT_FAILURE';
  });
  return config;
}

/** Provisioned concurrency of an alias goes with it: to another version, allocated anew. */
export function moveProvisioned(lambda: Lambda, fn: LambdaFunction, alias: string, before: string): void {
  const config = fn.provisioned.get(alias);
  if (!config || versionOf(fn, alias) === before) return;
  endProvisioned(lambda, fn, before);
  provision(lambda, fn, alias, config.requested);
}

function endProvisioned(lambda: Lambda, fn: LambdaFunction, version: string): void {
  lambda.runner.pool.retire(
    (snapshot, { initializationType }) =>
      snapshot.functionArn === fn.arn &&
      snapshot.version === version &&
      initializationType === 'provisioned-concurrency',
  );
}

function describe(config: ProvisionedConcurrency) {
  return {
    RequestedProvisionedConcurrentExecutions: config.requested,
    AvailableProvisionedConcurrentExecutions: config.allocated,
    AllocatedProvisionedConcurrentExecutions: config.allocated,
    Status: config.status,
    ...(config.statusReason ? { StatusReason: config.statusReason } : {}),
    LastModified: lambdaTime(config.lastModified),
  };
}
