import type { Operation } from '../../cloud.ts';
import { check, longest, pattern } from '../constraints.ts';
import { moveProvisioned } from './concurrency.ts';
import { describeAlias } from './describe.ts';
import { conflict, functionNotFound, invalidParameter, notFound } from './errors.ts';
import type { Lambda } from './lambda.ts';
import { expectRevision, onFunction, page } from './requests.ts';
import { type Alias, type LambdaFunction, newRevisionId } from './state.ts';

/** CreateAlias, UpdateAlias, GetAlias, ListAliases, DeleteAlias. */
export function aliasOperations(lambda: Lambda): Record<string, Operation> {
  const find = (input: any, call: any) => lambda.find(call, { FunctionName: input.FunctionName }).fn;
  return {
    CreateAlias: {
      validate: ({ Name }) => check(['name', Name, longest(128), pattern('((?!^[0-9]+$)([a-zA-Z0-9-_]+))')]),
      access: onFunction(lambda, 'CreateAlias'),
      handle(input, call) {
        const fn = find(input, call);
        const arn = `${fn.arn}:${input.Name}`;
        if (fn.aliases.has(input.Name)) throw conflict(`Alias already exists: ${arn}`);
        const alias = { name: input.Name, arn, functionVersion: '', description: '', revisionId: '' };
        return describeAlias(store(fn, alias, input));
      },
    },
    UpdateAlias: {
      access: onFunction(lambda, 'UpdateAlias'),
      handle(input, call) {
        const fn = find(input, call);
        const alias = aliasOf(fn, input.Name);
        expectRevision(alias.revisionId, input.RevisionId);
        const stored = store(fn, alias, input);
        moveProvisioned(lambda, fn, alias.name, alias.functionVersion);
        return describeAlias(stored);
      },
    },
    GetAlias: {
      access: onFunction(lambda, 'GetAlias'),
      handle: (input, call) => describeAlias(aliasOf(find(input, call), input.Name)),
    },
    ListAliases: {
      access: onFunction(lambda, 'ListAliases'),
      handle(input, call) {
        const aliases = [...find(input, call).aliases.values()]
          .filter(({ functionVersion }) => !input.FunctionVersion || input.FunctionVersion === functionVersion)
          .sort((a, b) => (a.name < b.name ? -1 : 1));
        const { items, marker } = page(aliases, ({ name }) => name, input);
        return { Aliases: items.map(describeAlias), ...marker };
      },
    },
    DeleteAlias: {
      access: onFunction(lambda, 'DeleteAlias'),
      handle(input, call) {
        const fn = find(input, call);
        if (!fn.aliases.delete(input.Name)) return;
        fn.policies.delete(input.Name);
        fn.provisioned.delete(input.Name);
        fn.eventInvokeConfigs.delete(input.Name);
      },
    },
  };
}

function aliasOf(fn: LambdaFunction, name: string): Alias {
  const alias = fn.aliases.get(name);
  if (!alias) throw notFound(`Cannot find alias arn: ${fn.arn}:${name}`);
  return alias;
}

function store(fn: LambdaFunction, alias: Alias, input: any): Alias {
  const functionVersion = input.FunctionVersion ?? alias.functionVersion;
  if (functionVersion !== '$LATEST' && !fn.versions.has(functionVersion)) {
    throw functionNotFound(`${fn.arn}:${functionVersion}`);
  }
  const weights = input.RoutingConfig ? input.RoutingConfig.AdditionalVersionWeights : alias.additionalWeights;
  checkWeights(fn, functionVersion, weights);
  const { additionalWeights: _, ...rest } = alias;
  const stored: Alias = {
    ...rest,
    functionVersion,
    description: input.Description ?? alias.description,
    revisionId: newRevisionId(),
    ...(Object.keys(weights ?? {}).length > 0 ? { additionalWeights: weights } : {}),
  };
  fn.aliases.set(alias.name, stored);
  return stored;
}

function checkWeights(fn: LambdaFunction, functionVersion: string, weights: Record<string, number> | undefined): void {
  const entries = Object.entries(weights ?? {});
  if (entries.length > 1)
    throw invalidParameter('Number of items in AdditionalVersionWeights cannot be greater than 1');
  for (const [version, weight] of entries) {
    if (functionVersion === '$LATEST' || version === '$LATEST') {
      throw invalidParameter('$LATEST is not supported for an alias pointing to more than 1 version');
    }
    if (version === functionVersion) {
      throw invalidParameter(
        `Invalid function version ${version}. Function version ${version} is already included in routing configuration.`,
      );
    }
    check(['routingConfig.additionalVersionWeights', version, pattern('[0-9]+')]);
    if (weight < 0 || weight > 1) {
      throw invalidParameter(`The weight ${weight} of version ${version} must be between 0.0 and 1.0.`);
    }
    if (!fn.versions.has(version)) throw functionNotFound(`${fn.arn}:${version}`);
  }
}
