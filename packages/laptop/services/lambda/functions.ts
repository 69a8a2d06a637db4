import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { check, longest, pattern } from '../constraints.ts';
import { codeId, type FunctionCode } from './code.ts';
import { describeVersion } from './describe.ts';
import { openEnvironment, sealEnvironment } from './environment-key.ts';
import { conflict, functionNotFound, invalidParameter, notFound } from './errors.ts';
import type { Lambda } from './lambda.ts';
import { functionArn, parseFunction } from './names.ts';
import { expectRevision, onFunction, page } from './requests.ts';
import { changeSettings, checkConfiguration, checkRole, defaultSettings } from './settings.ts';
import { type FunctionVersion, type LambdaFunction, resolveVersion } from './state.ts';
import { publishVersion } from './versions.ts';

const passRole = (roleArn: string | undefined) =>
  roleArn === undefined
    ? []
    : [{ action: 'iam:PassRole', resource: roleArn, context: { 'iam:PassedToService': 'lambda.amazonaws.com' } }];

/** CreateFunction, the changes of code and configuration, DeleteFunction. */
export function functionOperations(lambda: Lambda): Record<string, Operation> {
  return {
    CreateFunction: {
      validate(input) {
        checkConfiguration(input);
        if (!input.Runtime || !input.Handler) {
          throw invalidParameter(
            'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
          );
        }
      },
      access: (input, call) => [...onFunction(lambda, 'CreateFunction')(input, call), ...passRole(input.Role)],
      handle: (input, call) => createFunction(lambda, input, call),
    },
    UpdateFunctionCode: {
      validate: checkConfiguration,
      access: onFunction(lambda, 'UpdateFunctionCode'),
      handle: (input, call) => updateCode(lambda, input, call),
    },
    UpdateFunctionConfiguration: {
      validate: checkConfiguration,
      access: (input, call) => [
        ...onFunction(lambda, 'UpdateFunctionConfiguration')(input, call),
        ...passRole(input.Role),
      ],
      handle: (input, call) => updateConfiguration(lambda, input, call),
    },
    DeleteFunction: {
      access: (input, call) => [{ action: 'lambda:DeleteFunction', resource: lambda.arnOf(call, input) }],
      handle: (input, call) => deleteFunction(lambda, input, call),
    },
  };
}

/** GetFunction, GetFunctionConfiguration, ListFunctions. */
export function readOperations(lambda: Lambda): Record<string, Operation> {
  return {
    GetFunction: {
      access: (input, call) => [{ action: 'lambda:GetFunction', resource: lambda.arnOf(call, input) }],
      async handle(input, call) {
        const { fn, qualifier, version } = readVersion(lambda, input, call);
        const { code } = version.snapshot.settings;
        return {
          Configuration: await describeFor(call, fn, version, qualifier),
          Code: {
            RepositoryType: 'S3',
            Location: `${lambda.cloud.endpointUrl}/_functions/code/${codeId(code.sha256)}`,
          },
          ...(fn.tags.size > 0 ? { Tags: Object.fromEntries(fn.tags) } : {}),
          ...(fn.reservedConcurrency === undefined
            ? {}
            : { Concurrency: { ReservedConcurrentExecutions: fn.reservedConcurrency } }),
        };
      },
    },
    GetFunctionConfiguration: {
      access: (input, call) => [{ action: 'lambda:GetFunctionConfiguration', resource: lambda.arnOf(call, input) }],
      handle(input, call) {
        const { fn, qualifier, version } = readVersion(lambda, input, call);
        return describeFor(call, fn, version, qualifier);
      },
    },
    ListFunctions: {
      access: () => [{ action: 'lambda:ListFunctions', resource: '*' }],
      handle(input, call) {
        const all = lambda.state.list(call.region).flatMap((fn) => {
          if (input.FunctionVersion !== 'ALL') return [describeVersion(fn, fn.latest, { inList: true })];
          const arn = `${fn.arn}:$LATEST`;
          return [fn.latest, ...fn.versions.values()].map((version) =>
            describeVersion(fn, version, { inList: true, ...(version === fn.latest ? { arn } : {}) }),
          );
        });
        const { items, marker } = page(all, ({ FunctionArn }) => FunctionArn, input);
        return { Functions: items, ...marker };
      },
    },
  };
}

function readVersion(lambda: Lambda, input: any, call: Call) {
  const { fn, qualifier } = lambda.find(call, input);
  // An alias reads as the version that it points to first.
  const target = fn.aliases.get(qualifier ?? '')?.functionVersion ?? qualifier;
  return { fn, qualifier, version: resolveVersion(fn, target, () => 1) };
}

async function describeFor(call: Call, fn: LambdaFunction, version: FunctionVersion, qualifier?: string) {
  const environmentError = await openEnvironment(call, fn, version.snapshot.settings);
  return describeVersion(fn, version, {
    ...(qualifier === undefined ? {} : { arn: `${fn.arn}:${qualifier}` }),
    ...(environmentError ? { environmentError } : {}),
  });
}

async function createFunction(lambda: Lambda, input: any, call: Call) {
  const { name, qualifier } = parseFunction(call, input.FunctionName);
  check(
    ['functionName', input.FunctionName, longest(140)],
    ['functionName', name, longest(64), pattern('[a-zA-Z0-9-_]+')],
  );
  if (qualifier !== undefined) throw functionNotFound(functionArn(call, name, qualifier));
  if (lambda.state.find(call.region, name)) throw conflict(`Function already exist: ${name}`);
  checkRole(call, input.Role);
  await expectRuntime(lambda, input.Runtime);
  const code = await readCode(lambda, input.Code);
  const settings = await sealEnvironment(
    call,
    functionArn(call, name),
    changeSettings(defaultSettings(name, code), input),
  );
  // Unzipping takes a moment, in which another request may have made it.
  if (lambda.state.find(call.region, name)) throw conflict(`Function already exist: ${name}`);
  const fn = lambda.create(call, name, settings, { active: false });
  for (const [key, value] of Object.entries(input.Tags ?? {})) fn.tags.set(key, String(value));
  if (input.Publish) {
    const version = publishVersion(lambda, fn);
    version.state = 'Pending';
    lambda.afterUpdateTime(() => {
      version.state = 'Active';
    });
    return describeVersion(fn, version, { arn: fn.arn });
  }
  return describeVersion(fn, fn.latest);
}

async function expectRuntime(lambda: Lambda, runtime: string | undefined): Promise<void> {
  const lack = await lambda.lacks(runtime);
  if (lack !== undefined) throw invalidParameter(lack);
}

async function readCode(lambda: Lambda, code: any): Promise<FunctionCode> {
  if (code?.ZipFile) return lambda.code.fromZip(code.ZipFile);
  if (code?.S3Bucket) {
    throw new AwsError(
      'InvalidParameterValueException',
      'Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist',
      { fields: { Type: 'User' } },
    );
  }
  throw invalidParameter('Please provide a source for function code.');
}

async function updateCode(lambda: Lambda, input: any, call: Call) {
  const { fn } = lambda.find(call, { FunctionName: input.FunctionName });
  lambda.expectSettled(fn);
  expectRevision(fn.latest.revisionId, input.RevisionId);
  const code = await readCode(lambda, input);
  const settings = { ...fn.latest.snapshot.settings, code };
  if (input.DryRun) return describeVersion(fn, fn.latest);
  lambda.expectSettled(fn);
  lambda.change(fn, settings);
  if (!input.Publish) return describeVersion(fn, fn.latest);
  return describeVersion(fn, publishVersion(lambda, fn));
}

async function updateConfiguration(lambda: Lambda, input: any, call: Call) {
  const { fn, qualifier } = lambda.find(call, { FunctionName: input.FunctionName });
  if (qualifier !== undefined && qualifier !== '$LATEST') {
    throw invalidParameter(
      'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.',
    );
  }
  lambda.expectSettled(fn);
  expectRevision(fn.latest.revisionId, input.RevisionId);
  if (input.Role !== undefined) checkRole(call, input.Role);
  await expectRuntime(lambda, input.Runtime);
  const before = fn.latest.revisionId;
  const settings = await sealEnvironment(call, fn.arn, changeSettings(fn.latest.snapshot.settings, input));
  lambda.expectSettled(fn);
  if (before !== fn.latest.revisionId) expectRevision(fn.latest.revisionId, input.RevisionId);
  lambda.change(fn, settings);
  return describeFor(call, fn, fn.latest);
}

function deleteFunction(lambda: Lambda, input: any, call: Call): void {
  const { fn, qualifier } = lambda.find(call, input);
  if (qualifier === undefined) {
    lambda.state.remove(fn);
    lambda.endEnvironments(fn);
    return;
  }
  if (qualifier === '$LATEST')
    throw invalidParameter('$LATEST version cannot be deleted without deleting the function.');
  if (fn.aliases.has(qualifier)) throw invalidParameter('Deletion of aliases is not currently supported.');
  const pointing = [...fn.aliases.values()].filter(
    (alias) => alias.functionVersion === qualifier || qualifier in (alias.additionalWeights ?? {}),
  );
  if (pointing.length > 0) {
    const arns = pointing.map(({ arn }) => arn).join(', ');
    throw conflict(`Version ${qualifier} is referenced by the following aliases: ${arns}`);
  }
  if (!fn.versions.delete(qualifier)) throw notFound(`Function not found: ${fn.arn}:${qualifier}`);
  lambda.endEnvironments(fn, qualifier);
}
