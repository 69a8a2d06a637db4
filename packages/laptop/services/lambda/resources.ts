import {
  onlyProperties,
  type ResourceProvider,
  type TemplateResource,
  UnsupportedProperty,
} from '../../assembly/resource.ts';
import type { Cloud } from '../../cloud.ts';
import { isPython } from '../../environments/python.ts';
import type { FunctionCode } from './code.ts';
import { createUrl, functionUrl } from './function-urls.ts';
import type { Lambda } from './lambda.ts';
import { addPermission } from './permissions.ts';
import type { LambdaService } from './service.ts';
import { changeSettings, checkConfiguration, checkRole, defaultSettings } from './settings.ts';
import { type LambdaFunction, newRevisionId } from './state.ts';
import { publishVersion } from './versions.ts';

const lambdaOf = (cloud: Cloud): Lambda => cloud.service<LambdaService>('lambda').lambda;

/** A function that a template names by name, ARN or qualified ARN. */
function functionOf(
  resource: TemplateResource,
  cloud: Cloud,
  named: unknown,
): { fn: LambdaFunction; qualifier?: string } {
  const text = String(named);
  const arn = /^arn:aws:lambda:([a-z0-9-]+):\d{12}:function:([^:]+)(?::(.+))?$/.exec(text);
  const [region, name, qualifier] = arn
    ? [arn[1] as string, arn[2] as string, arn[3]]
    : [cloud.region, ...text.split(':')];
  const fn = lambdaOf(cloud).state.find(region, name as string);
  if (!fn)
    throw new Error(`${resource.logicalId} (${resource.type}) names the function ${text}, which does not exist.`);
  return { fn, ...(qualifier === undefined ? {} : { qualifier }) };
}

const functionProperties = [
  'Architectures',
  'Code',
  'DeadLetterConfig',
  'Description',
  'Environment',
  'EphemeralStorage',
  'FunctionName',
  'Handler',
  'KmsKeyArn',
  'LoggingConfig',
  'MemorySize',
  'PackageType',
  'RecursiveLoop',
  'ReservedConcurrentExecutions',
  'Role',
  'Runtime',
  'RuntimeManagementConfig',
  'Tags',
  'Timeout',
  'TracingConfig',
  'VpcConfig',
];

const functionProvider: ResourceProvider = {
  type: 'AWS::Lambda::Function',
  async create(resource, cloud) {
    onlyProperties(resource, functionProperties);
    const lambda = lambdaOf(cloud);
    const { properties } = resource;
    const name = String(properties.FunctionName ?? generatedName(resource, cloud));
    if (lambda.state.find(cloud.region, name))
      throw new Error(`${resource.logicalId}: a function ${name} already exists.`);
    const input = {
      ...properties,
      KMSKeyArn: properties.KmsKeyArn,
      Timeout: toNumber(properties.Timeout),
      MemorySize: toNumber(properties.MemorySize),
    };
    checkConfiguration(input);
    checkRole({ cloud }, String(properties.Role));
    const lack = await lambda.lacks(properties.Runtime);
    if (lack !== undefined) throw new UnsupportedProperty(resource, `Runtime (${properties.Runtime})`, lack);
    const code = await codeOf(resource, lambda);
    const settings = changeSettings(defaultSettings(name, code), input);
    const fn = lambda.create({ region: cloud.region }, name, settings, { active: true });
    if (properties.ReservedConcurrentExecutions !== undefined) {
      fn.reservedConcurrency = Number(properties.ReservedConcurrentExecutions);
    }
    for (const { Key, Value } of properties.Tags ?? []) fn.tags.set(Key, String(Value));
    return { ref: name, attributes: { Arn: fn.arn } };
  },
};

const toNumber = (value: unknown) => (value === undefined ? undefined : Number(value));

function generatedName(resource: TemplateResource, cloud: Cloud): string {
  const random = Array.from({ length: 12 }, () => Math.floor(cloud.random() * 36).toString(36)).join('');
  return `${`${resource.stackName}-${resource.logicalId}`.slice(0, 51)}-${random}`;
}

async function codeOf(resource: TemplateResource, lambda: Lambda): Promise<FunctionCode> {
  const { Code: code, Runtime: runtime } = resource.properties;
  if (code?.ImageUri) throw new UnsupportedProperty(resource, 'Code.ImageUri');
  if (code?.ZipFile !== undefined) {
    if (isPython(runtime)) return lambda.code.fromText({ 'index.py': String(code.ZipFile) });
    // CloudFormation writes inline code of Node.js into index.js, which Lambda loads as what its syntax is.
    const file = /^\s*(import\s|export\s)/m.test(code.ZipFile) ? 'index.mjs' : 'index.js';
    return lambda.code.fromText({ [file]: String(code.ZipFile) });
  }
  return lambda.code.fromPath(resource.assetPath(code?.S3Bucket, code?.S3Key));
}

const versionProvider: ResourceProvider = {
  type: 'AWS::Lambda::Version',
  async create(resource, cloud) {
    onlyProperties(resource, ['FunctionName', 'Description', 'CodeSha256', 'ProvisionedConcurrencyConfig']);
    const { fn } = functionOf(resource, cloud, resource.properties.FunctionName);
    const version = publishVersion(lambdaOf(cloud), fn, resource.properties.Description);
    const requested = resource.properties.ProvisionedConcurrencyConfig?.ProvisionedConcurrentExecutions;
    if (requested !== undefined) await provisionNow(cloud, fn, version.version, Number(requested));
    return { ref: version.arn, attributes: { Version: version.version, FunctionArn: version.arn } };
  },
};

const aliasProvider: ResourceProvider = {
  type: 'AWS::Lambda::Alias',
  async create(resource, cloud) {
    onlyProperties(resource, [
      'FunctionName',
      'FunctionVersion',
      'Name',
      'Description',
      'RoutingConfig',
      'ProvisionedConcurrencyConfig',
    ]);
    const { properties } = resource;
    const { fn } = functionOf(resource, cloud, properties.FunctionName);
    const weights = properties.RoutingConfig?.AdditionalVersionWeights as
      | { FunctionVersion: string; FunctionWeight: number }[]
      | undefined;
    const name = String(properties.Name);
    fn.aliases.set(name, {
      name,
      arn: `${fn.arn}:${name}`,
      functionVersion: String(properties.FunctionVersion),
      description: String(properties.Description ?? ''),
      revisionId: newRevisionId(),
      ...(weights?.length
        ? {
            additionalWeights: Object.fromEntries(
              weights.map((weight) => [weight.FunctionVersion, Number(weight.FunctionWeight)]),
            ),
          }
        : {}),
    });
    const requested = properties.ProvisionedConcurrencyConfig?.ProvisionedConcurrentExecutions;
    if (requested !== undefined) await provisionNow(cloud, fn, name, Number(requested));
    return { ref: `${fn.arn}:${name}`, attributes: { AliasArn: `${fn.arn}:${name}` } };
  },
};

async function provisionNow(cloud: Cloud, fn: LambdaFunction, qualifier: string, requested: number): Promise<void> {
  const number = fn.aliases.get(qualifier)?.functionVersion ?? qualifier;
  const version = fn.versions.get(number);
  if (!version) throw new Error(`Provisioned concurrency of ${fn.name} needs a published version, not ${qualifier}.`);
  const allocated = await lambdaOf(cloud).runner.provision(version.snapshot, requested);
  const status = allocated === requested ? 'READY' : 'FAILED';
  fn.provisioned.set(qualifier, { requested, allocated, status, lastModified: cloud.clock.now() });
}

const permissionProvider: ResourceProvider = {
  type: 'AWS::Lambda::Permission',
  create(resource, cloud) {
    onlyProperties(resource, [
      'Action',
      'FunctionName',
      'Principal',
      'SourceArn',
      'SourceAccount',
      'PrincipalOrgID',
      'EventSourceToken',
      'FunctionUrlAuthType',
      'InvokedViaFunctionUrl',
    ]);
    const { properties } = resource;
    const { fn, qualifier } = functionOf(resource, cloud, properties.FunctionName);
    const StatementId = `${resource.stackName}-${resource.logicalId}`.slice(0, 100);
    addPermission(fn, qualifier, { ...(properties as any), StatementId });
    return { ref: StatementId, attributes: { Id: StatementId } };
  },
};

const eventInvokeConfigProvider: ResourceProvider = {
  type: 'AWS::Lambda::EventInvokeConfig',
  create(resource, cloud) {
    onlyProperties(resource, [
      'FunctionName',
      'Qualifier',
      'MaximumRetryAttempts',
      'MaximumEventAgeInSeconds',
      'DestinationConfig',
    ]);
    const { properties } = resource;
    const { fn } = functionOf(resource, cloud, properties.FunctionName);
    const { OnSuccess, OnFailure } = properties.DestinationConfig ?? {};
    fn.eventInvokeConfigs.set(String(properties.Qualifier), {
      maximumRetryAttempts: toNumber(properties.MaximumRetryAttempts),
      maximumEventAgeSeconds: toNumber(properties.MaximumEventAgeInSeconds),
      destination: { onSuccessArn: OnSuccess?.Destination, onFailureArn: OnFailure?.Destination },
      lastModified: cloud.clock.now(),
    });
    return { ref: `${fn.name}|${properties.Qualifier}` };
  },
};

const urlProvider: ResourceProvider = {
  type: 'AWS::Lambda::Url',
  create(resource, cloud) {
    onlyProperties(resource, ['AuthType', 'Cors', 'InvokeMode', 'Qualifier', 'TargetFunctionArn']);
    const { properties } = resource;
    if ((properties.InvokeMode ?? 'BUFFERED') !== 'BUFFERED') throw new UnsupportedProperty(resource, 'InvokeMode');
    const { fn, qualifier } = functionOf(resource, cloud, properties.TargetFunctionArn);
    const config = createUrl(lambdaOf(cloud), fn, properties.Qualifier ?? qualifier, properties);
    const FunctionUrl = functionUrl(lambdaOf(cloud), config);
    return { ref: config.functionArn, attributes: { FunctionArn: config.functionArn, FunctionUrl } };
  },
};

const refused = (type: string, advice: string): ResourceProvider => ({
  type,
  create(resource) {
    throw new UnsupportedProperty(resource, '(the whole resource)', advice);
  },
});

export const resources: ResourceProvider[] = [
  functionProvider,
  versionProvider,
  aliasProvider,
  permissionProvider,
  urlProvider,
  eventInvokeConfigProvider,
  refused('AWS::Lambda::LayerVersion', 'Bundle what the layer holds into the functions.'),
  refused(
    'AWS::Lambda::EventSourceMapping',
    'On the laptop functions are invoked by rules, schedules, machines, topics and callers.',
  ),
];
