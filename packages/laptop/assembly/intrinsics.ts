import { own } from '../own.ts';

/** What intrinsic functions are resolved against: one stack's parameters, conditions, mappings and made resources. */
export interface ResolutionScope {
  readonly stackName: string;
  readonly stackId: string;
  readonly region: string;
  readonly accountId: string;
  readonly parameters: ReadonlyMap<string, unknown>;
  readonly mappings: Readonly<Record<string, Record<string, Record<string, unknown>>>>;
  condition(name: string): boolean;
  ref(logicalId: string): unknown;
  attribute(logicalId: string, name: string): unknown;
  exported(name: string): unknown;
}

/** A template means something that the loader does not know. */
export class UnresolvableTemplate extends Error {
  readonly code = 'UnresolvableTemplate';
  constructor(message: string) {
    super(message);
    this.name = 'UnresolvableTemplate';
  }
}

export const NO_VALUE = Symbol('AWS::NoValue');

type Resolver = (argument: any, scope: ResolutionScope) => unknown;

/**
 * CloudFormation's intrinsic functions.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
 */
const functions: Record<string, Resolver> = {
  Ref: (name, scope) => reference(String(name), scope),
  Condition: (name, scope) => scope.condition(String(name)),
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId, ...names] = Array.isArray(argument) ? argument : String(argument).split('.');
    return scope.attribute(String(logicalId), names.map((name) => resolve(name, scope)).join('.'));
  },
  'Fn::Join': ([separator, list], scope) => texts(resolve(list, scope), 'Fn::Join').join(separator),
  'Fn::Split': ([separator, text], scope) => String(resolve(text, scope)).split(separator),
  'Fn::Select': ([index, list], scope) => {
    const items = resolve(list, scope) as unknown[];
    const item = items[Number(resolve(index, scope))];
    if (item === undefined) throw new UnresolvableTemplate(`Fn::Select: the list has no item ${index}.`);
    return item;
  },
  'Fn::Sub': (argument, scope) => substitute(argument, scope),
  'Fn::If': ([condition, yes, no], scope) => resolve(scope.condition(condition) ? yes : no, scope),
  'Fn::Equals': ([a, b], scope) => String(resolve(a, scope)) === String(resolve(b, scope)),
  'Fn::And': (conditions, scope) => conditions.every((condition: unknown) => resolve(condition, scope) === true),
  'Fn::Or': (conditions, scope) => conditions.some((condition: unknown) => resolve(condition, scope) === true),
  'Fn::Not': ([condition], scope) => resolve(condition, scope) !== true,
  'Fn::FindInMap': (argument, scope) => {
    const [map, first, second] = argument.slice(0, 3).map((part: unknown) => String(resolve(part, scope)));
    const found = own(own(own(scope.mappings, map) ?? {}, first) ?? {}, second);
    if (found !== undefined) return found;
    const fallback = argument[3]?.DefaultValue;
    if (fallback !== undefined) return resolve(fallback, scope);
    throw new UnresolvableTemplate(`Fn::FindInMap: there is no ${map}.${first}.${second}.`);
  },
  'Fn::Base64': (argument, scope) => Buffer.from(String(resolve(argument, scope))).toString('base64'),
  'Fn::ImportValue': (argument, scope) => scope.exported(String(resolve(argument, scope))),
  'Fn::GetAZs': (argument, scope) => {
    const region = String(resolve(argument, scope) || scope.region);
    return ['a', 'b', 'c'].map((zone) => `${region}${zone}`);
  },
  'Fn::Cidr': (argument, scope) => {
    const [block, count, bits] = argument.map((part: unknown) => resolve(part, scope));
    return cidrBlocks(String(block), Number(count), Number(bits ?? 8));
  },
  'Fn::ToJsonString': (argument, scope) => JSON.stringify(resolve(argument, scope)),
  'Fn::Length': (argument, scope) => (resolve(argument, scope) as unknown[]).length,
  'Fn::Transform': (argument) => {
    throw new UnresolvableTemplate(`Fn::Transform ${argument?.Name ?? ''}: macros do not run on the laptop.`);
  },
};

/** Resolves everything inside a value. `AWS::NoValue` removes the property or the item that holds it. */
export function resolve(value: unknown, scope: ResolutionScope): unknown {
  if (Array.isArray(value)) return value.map((item) => resolve(item, scope)).filter((item) => item !== NO_VALUE);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? [];
  const isIntrinsic =
    entries.length === 1 && name !== undefined && (Object.hasOwn(functions, name) || name.startsWith('Fn::'));
  if (isIntrinsic && !(name === 'Condition' && typeof argument !== 'string')) {
    const resolver = own(functions, name);
    if (!resolver) throw new UnresolvableTemplate(`${name} is not known to the laptop.`);
    return resolver(argument, scope);
  }
  const resolved = entries.map(([key, entry]) => [key, resolve(entry, scope)] as const);
  return Object.fromEntries(resolved.filter(([, entry]) => entry !== NO_VALUE));
}

function reference(name: string, scope: ResolutionScope): unknown {
  const pseudo = own(pseudoParameters, name);
  if (pseudo) return pseudo(scope);
  return scope.parameters.has(name) ? scope.parameters.get(name) : scope.ref(name);
}

const pseudoParameters: Record<string, (scope: ResolutionScope) => unknown> = {
  'AWS::AccountId': (scope) => scope.accountId,
  'AWS::Region': (scope) => scope.region,
  'AWS::Partition': () => 'aws',
  'AWS::URLSuffix': () => 'amazonaws.com',
  'AWS::StackName': (scope) => scope.stackName,
  'AWS::StackId': (scope) => scope.stackId,
  'AWS::NoValue': () => NO_VALUE,
  'AWS::NotificationARNs': () => [],
};

function substitute(argument: unknown, scope: ResolutionScope): string {
  const [template, variables] = Array.isArray(argument) ? argument : [argument, {}];
  return String(template)
    .replace(/\$\{([^!}][^}]*)\}/g, (_, name: string) => {
      if (Object.hasOwn(variables, name)) return String(resolve(variables[name], scope));
      if (!name.includes('.')) return String(reference(name, scope));
      const [logicalId, ...attribute] = name.split('.');
      return String(scope.attribute(String(logicalId), attribute.join('.')));
    })
    .replaceAll('${!', '${');
}

function texts(value: unknown, place: string): string[] {
  if (Array.isArray(value)) return value.map(String);
  throw new UnresolvableTemplate(`${place}: expected a list, came ${typeof value}.`);
}

function cidrBlocks(block: string, count: number, bits: number): string[] {
  const [address, prefix] = block.split('/') as [string, string];
  const start = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** bits;
  if (count * size > 2 ** (32 - Number(prefix)))
    throw new UnresolvableTemplate(`Fn::Cidr: ${block} has no room for ${count} blocks of ${bits} bits.`);
  return Array.from({ length: count }, (_, index) => {
    const first = start + index * size;
    return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${32 - bits}`;
  });
}

/** The logical ids that a value refers to, for the order in which resources are made. */
export function referencedIds(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) referencedIds(item, found);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, entry] of Object.entries(value)) {
      if (key === 'Ref') found.add(String(entry));
      else if (key === 'Fn::GetAtt') found.add(String(Array.isArray(entry) ? entry[0] : String(entry).split('.')[0]));
      else if (key === 'Fn::Sub') {
        const template = String(Array.isArray(entry) ? entry[0] : entry);
        for (const [, name] of template.matchAll(/\$\{([^!}][^}]*)\}/g))
          found.add(String(name).split('.')[0] as string);
        referencedIds(entry, found);
      } else referencedIds(entry, found);
    }
  }
  return found;
}
