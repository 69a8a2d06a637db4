import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cloud } from '../cloud.ts';
import { own } from '../own.ts';
import { type StackOutput, stacksOf } from '../services/cloudformation/state.ts';
import { administratorOf } from './administrator.ts';
import { resolveDynamicReferences } from './dynamic-references.ts';
import { inertTypes } from './inert-types.ts';
import { type ResolutionScope, resolve, UnresolvableTemplate } from './intrinsics.ts';
import { inDependencyOrder, type TemplateEntry } from './order.ts';
import { loadProviders } from './providers.ts';
import type { CreatedResource, ResourceProvider, TemplateResource } from './resource.ts';

export interface LoadedStack {
  readonly name: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** By logical id. */
  readonly resources: Readonly<
    Record<string, { type: string; ref: string; path?: string; attributes: Readonly<Record<string, unknown>> }>
  >;
}

interface Template {
  Description?: string;
  Resources?: Record<string, TemplateEntry>;
  Parameters?: Record<string, { Type: string; Default?: string }>;
  Conditions?: Record<string, unknown>;
  Mappings?: Record<string, Record<string, Record<string, unknown>>>;
  Outputs?: Record<string, { Value: unknown; Description?: string; Export?: { Name: unknown }; Condition?: string }>;
}

/** What a template uses and the laptop lacks: all of it, at once. */
export class UnsupportedTemplate extends Error {
  readonly code = 'UnsupportedTemplate';
  constructor(problems: string[]) {
    super(
      `The laptop cannot run this assembly. SUPPORT.md of @keyturn/laptop lists what it can.\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
    this.name = 'UnsupportedTemplate';
  }
}

/** Loads a synthesized CDK assembly (`cdk.out`) into an empty cloud: every stack, in order of their dependencies. */
export async function loadAssembly(
  directory: string,
  cloud: Cloud,
  options: { parameters?: Readonly<Record<string, string>> } = {},
): Promise<LoadedStack[]> {
  const manifest = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'));
  const artifacts = Object.entries<any>(manifest.artifacts).filter(
    ([, artifact]) => artifact.type === 'aws:cloudformation:stack',
  );
  const providers = await loadProviders();
  const templates = artifacts.map(([id, artifact]) => ({
    name: artifact.properties.stackName ?? id,
    template: JSON.parse(readFileSync(join(directory, artifact.properties.templateFile), 'utf8')) as Template,
    tags: (artifact.properties.tags ?? {}) as Record<string, string>,
    dependencies: (artifact.dependencies ?? []) as string[],
    id,
  }));
  refuseUnsupported(templates, providers);
  const exportsByName = new Map<string, unknown>();
  const assets = readAssets(
    directory,
    artifacts.map(([id]) => id),
  );
  const stacks: LoadedStack[] = [];
  for (const { name, template, tags } of inStackOrder(templates)) {
    stacks.push(
      await new StackLoader({
        cloud,
        name,
        template,
        tags,
        providers,
        exportsByName,
        assets,
        parameters: options.parameters ?? {},
      }).load(),
    );
  }
  return stacks;
}

function inStackOrder<Stack extends { id: string; dependencies: string[] }>(stacks: Stack[]): Stack[] {
  const entries = stacks.map((stack) => [stack.id, { Type: '', DependsOn: stack.dependencies }] as const);
  const byId = new Map(stacks.map((stack) => [stack.id, stack]));
  return inDependencyOrder(Object.fromEntries(entries)).map(([id]) => byId.get(id) as Stack);
}

function refuseUnsupported(
  templates: { name: string; template: Template }[],
  providers: ReadonlyMap<string, ResourceProvider>,
): void {
  const problems = templates.flatMap(({ name, template }) =>
    Object.entries(template.Resources ?? {})
      .filter(([, { Type }]) => !providers.has(Type) && !Object.hasOwn(inertTypes, Type))
      .map(([logicalId, { Type }]) => `${name}/${logicalId} (${Type}) is not supported.`),
  );
  if (problems.length > 0) throw new UnsupportedTemplate(problems);
}

/** Where each asset of the assembly lies, by its object key: `<hash>.zip` or `<hash>.json`. */
function readAssets(directory: string, stackIds: string[]): ReadonlyMap<string, string> {
  const assets = new Map<string, string>();
  for (const id of stackIds) {
    const file = join(directory, `${id}.assets.json`);
    if (!existsSync(file)) continue;
    const { files } = JSON.parse(readFileSync(file, 'utf8'));
    for (const { source, destinations } of Object.values<any>(files)) {
      for (const { objectKey } of Object.values<any>(destinations)) assets.set(objectKey, join(directory, source.path));
    }
  }
  return assets;
}

interface StackContext {
  readonly cloud: Cloud;
  readonly name: string;
  readonly template: Template;
  readonly tags: Readonly<Record<string, string>>;
  readonly providers: ReadonlyMap<string, ResourceProvider>;
  readonly exportsByName: Map<string, unknown>;
  readonly assets: ReadonlyMap<string, string>;
  readonly parameters: Readonly<Record<string, string>>;
}

class StackLoader {
  readonly #context: StackContext;
  readonly #stackId: string;
  readonly #created = new Map<string, CreatedResource>();
  readonly #conditions = new Map<string, boolean>();

  constructor(context: StackContext) {
    this.#context = context;
    const { region, accountId } = context.cloud;
    this.#stackId = `arn:aws:cloudformation:${region}:${accountId}:stack/${context.name}/${randomUUID()}`;
  }

  async load(): Promise<LoadedStack> {
    const { template, name } = this.#context;
    const parameters = await this.#parameters();
    const scope = this.#scope(parameters);
    const resources: LoadedStack['resources'] & Record<string, any> = {};
    for (const [logicalId, entry] of inDependencyOrder(template.Resources ?? {})) {
      if (entry.Condition && !scope.condition(entry.Condition)) continue;
      const created = await this.#create(logicalId, entry, scope);
      this.#created.set(logicalId, created);
      const path = entry.Metadata?.['aws:cdk:path'];
      resources[logicalId] = {
        type: entry.Type,
        ref: created.ref,
        attributes: created.attributes ?? {},
        ...(typeof path === 'string' && { path }),
      };
    }
    const outputs = this.#outputs(scope);
    this.#record(parameters, outputs, resources);
    return { name, outputs: Object.fromEntries(outputs.map(({ key, value }) => [key, value])), resources };
  }

  /** For those who ask CloudFormation. */
  #record(
    parameters: Map<string, unknown>,
    outputs: readonly StackOutput[],
    resources: LoadedStack['resources'],
  ): void {
    const { cloud, name, template, tags } = this.#context;
    stacksOf(cloud)?.add({
      name,
      id: this.#stackId,
      region: cloud.region,
      createdAt: cloud.clock.now(),
      ...(template.Description === undefined ? {} : { description: template.Description }),
      template: JSON.stringify(template),
      parameters: Object.entries(template.Parameters ?? {}).map(([key, { Type, Default }]) => {
        const value = String(own(this.#context.parameters, key) ?? Default);
        return { key, value, ...(Type.startsWith('AWS::SSM::') && { resolvedValue: String(parameters.get(key)) }) };
      }),
      outputs,
      resources: Object.entries(resources).map(([logicalId, { type, ref }]) => ({ logicalId, physicalId: ref, type })),
      tags,
    });
  }

  async #create(logicalId: string, entry: TemplateEntry, scope: ResolutionScope): Promise<CreatedResource> {
    const { cloud, name, providers, assets } = this.#context;
    const provider = providers.get(entry.Type);
    if (!provider) return inertResource(logicalId, entry.Type);
    const resource: TemplateResource = {
      logicalId,
      stackName: name,
      type: entry.Type,
      properties: (await resolveDynamicReferences(resolve(entry.Properties ?? {}, scope), cloud)) as Record<
        string,
        unknown
      >,
      metadata: entry.Metadata ?? {},
      assetPath: (_, key) => {
        const path = assets.get(String(key));
        if (path) return path;
        throw new UnresolvableTemplate(`${logicalId} (${entry.Type}): the assembly has no asset ${key}.`);
      },
    };
    try {
      return await provider.create(resource, cloud);
    } catch (error) {
      if (error instanceof Error && error.message.includes(logicalId)) throw error;
      throw new Error(`${name}/${logicalId} (${entry.Type}): ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }

  #scope(parameters: Map<string, unknown>): ResolutionScope {
    const { cloud, name, template, exportsByName } = this.#context;
    const scope: ResolutionScope = {
      stackName: name,
      stackId: this.#stackId,
      region: cloud.region,
      accountId: cloud.accountId,
      parameters,
      mappings: template.Mappings ?? {},
      condition: (condition) => {
        const known = this.#conditions.get(condition);
        if (known !== undefined) return known;
        if (!template.Conditions || !Object.hasOwn(template.Conditions, condition))
          throw new UnresolvableTemplate(`There is no condition ${condition}.`);
        const value = resolve(template.Conditions[condition], scope) === true;
        this.#conditions.set(condition, value);
        return value;
      },
      ref: (logicalId) => this.#require(logicalId).ref,
      attribute: (logicalId, attribute) => {
        const { attributes } = this.#require(logicalId);
        const value = attributes?.[attribute];
        // Not what every object inherits: an inert resource answers by a proxy, which owns no attribute.
        if (typeof value === 'string' || Array.isArray(value)) return value;
        throw new UnresolvableTemplate(
          `${logicalId} (${own(template.Resources ?? {}, logicalId)?.Type}): attribute ${attribute} is not supported on the laptop.`,
        );
      },
      exported: (exportName) => {
        if (exportsByName.has(exportName)) return exportsByName.get(exportName);
        throw new UnresolvableTemplate(`Fn::ImportValue: no stack exports ${exportName}.`);
      },
    };
    return scope;
  }

  #require(logicalId: string): CreatedResource {
    const created = this.#created.get(logicalId);
    if (created) return created;
    throw new UnresolvableTemplate(`${this.#context.name}: nothing is called ${logicalId}.`);
  }

  async #parameters(): Promise<Map<string, unknown>> {
    const values = new Map<string, unknown>();
    for (const [name, parameter] of Object.entries(this.#context.template.Parameters ?? {})) {
      const given = own(this.#context.parameters, name) ?? parameter.Default;
      if (given === undefined) throw new UnresolvableTemplate(`Parameter ${name} has no value: give one.`);
      values.set(
        name,
        parameter.Type.startsWith('AWS::SSM::Parameter::Value')
          ? await this.#readParameter(given)
          : splitList(parameter.Type, given),
      );
    }
    return values;
  }

  /** The CDK bootstrap version is there on every bootstrapped account. */
  async #readParameter(name: string): Promise<string> {
    if (/^\/cdk-bootstrap\/\w+\/version$/.test(name)) return '30';
    const { cloud } = this.#context;
    const answer = await cloud.call<{ Parameter: { Value: string } }>({
      service: 'ssm',
      operation: 'GetParameter',
      input: { Name: name },
      principal: administratorOf(cloud),
    });
    return answer.Parameter.Value;
  }

  #outputs(scope: ResolutionScope): StackOutput[] {
    const outputs: StackOutput[] = [];
    for (const [key, output] of Object.entries(this.#context.template.Outputs ?? {})) {
      if (output.Condition && !scope.condition(output.Condition)) continue;
      const resolved = resolve(output.Value, scope);
      const exportName = output.Export && String(resolve(output.Export.Name, scope));
      if (exportName !== undefined) this.#context.exportsByName.set(exportName, resolved);
      outputs.push({
        key,
        value: String(resolved),
        ...(output.Description === undefined ? {} : { description: output.Description }),
        ...(exportName === undefined ? {} : { exportName }),
      });
    }
    return outputs;
  }
}

function splitList(type: string, value: string): unknown {
  return type === 'CommaDelimitedList' || type.startsWith('List<') ? value.split(',') : value;
}

/** An inert resource answers any attribute with a name of its own, so that what refers to it resolves. */
function inertResource(logicalId: string, type: string): CreatedResource {
  const ref = `${type.split('::')[2]?.toLowerCase()}-${logicalId.toLowerCase()}`;
  return {
    ref,
    attributes: new Proxy({}, { get: (_, name) => (typeof name === 'string' ? `${ref}-${name}` : undefined) }),
  };
}
