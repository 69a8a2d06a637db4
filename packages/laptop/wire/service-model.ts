import type { Service } from '../cloud.ts';
import { type Schema, schemaOf } from './schema.ts';

export type Protocol = 'awsJson1_0' | 'awsJson1_1' | 'restJson1' | 'awsQuery' | 'ec2Query';

export interface OperationModel {
  readonly name: string;
  readonly input: Schema;
  readonly output: Schema;
  /** Of REST protocols: method, URI template, status of success. */
  readonly http?: { readonly method: string; readonly uri: string; readonly status: number };
}

export interface ErrorModel {
  readonly name: string;
  readonly schema: Schema;
  /** The code on the wire of the query protocol, where it differs from the shape's name. */
  readonly queryCode?: string;
  readonly httpStatus?: number;
  readonly fault: 'client' | 'server';
}

/** What the SDK's client package says about a service: protocol, operations, errors. */
export interface ServiceModel {
  readonly service: Service;
  readonly protocol: Protocol;
  readonly version: string;
  readonly xmlNamespace: string;
  /** Whether clients may speak the query protocol too (SQS, CloudWatch). */
  readonly queryCompatible: boolean;
  readonly operations: ReadonlyMap<string, OperationModel>;
  readonly errors: ReadonlyMap<string, ErrorModel>;
  /** How the service spells an error's text: `message` or `Message`. */
  readonly messageMember: string;
}

interface ProtocolSettings {
  xmlNamespace?: string;
  version?: string;
  awsQueryCompatible?: boolean;
}

type ClientConstructor = new (
  configuration: object,
) => {
  config: { protocol: { getShapeId(): string }; protocolSettings?: ProtocolSettings };
  destroy(): void;
};

const OPERATION = 9;
const ERROR = -3;

/** Reads the model out of the schemas that a service names. Costs tens of milliseconds; callers keep the answer. */
export async function loadServiceModel(service: Service): Promise<ServiceModel> {
  const exported = await service.schemas();
  const { protocol, settings } = describeClient(service.name, exported);
  const operations = new Map<string, OperationModel>();
  const errors = new Map<string, ErrorModel>();
  for (const [name, value] of Object.entries(exported)) {
    if (!name.endsWith('$') || !Array.isArray(value)) continue;
    if (value[0] === OPERATION) operations.set(value[2], operationModel(value));
    else if (value[0] === ERROR) addError(errors, value);
  }
  return {
    service,
    protocol,
    version: settings.version ?? '',
    xmlNamespace: settings.xmlNamespace ?? '',
    queryCompatible: settings.awsQueryCompatible === true,
    operations,
    errors,
    messageMember: messageMemberOf(errors),
  };
}

function describeClient(name: string, exported: Record<string, unknown>) {
  const found = Object.entries(exported).find(
    ([key, value]) => /^[A-Z]\w*Client$/.test(key) && key !== '__Client' && typeof value === 'function',
  );
  if (!found) throw new TypeError(`schemas() of ${name} must answer an SDK client package: no …Client in it.`);
  const client = withoutVersionWarning(
    () =>
      new (found[1] as ClientConstructor)({
        region: 'us-east-1',
        credentials: { accessKeyId: 'schema', secretAccessKey: 'schema' },
      }),
  );
  const protocol = client.config.protocol.getShapeId().replace(/^aws\.protocols#/, '') as Protocol;
  const settings = client.config.protocolSettings ?? {};
  client.destroy();
  return { protocol, settings };
}

/** The client is made to be read, not used: what it thinks of the Node version does not concern the reader of the output. */
function withoutVersionWarning<Made>(make: () => Made): Made {
  const name = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';
  const before = process.env[name];
  process.env[name] = 'true';
  try {
    return make();
  } finally {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}

function operationModel(value: unknown[]): OperationModel {
  const traits = value[3] as { http?: [string, string, number] } | 0;
  const http = traits ? traits.http : undefined;
  return {
    name: value[2] as string,
    input: schemaOf(value[4]),
    output: schemaOf(value[5]),
    ...(http ? { http: { method: http[0], uri: http[1], status: http[2] } } : {}),
  };
}

function addError(errors: Map<string, ErrorModel>, value: unknown[]): void {
  const name = value[2] as string;
  const traits = (value[3] || {}) as { awsQueryError?: [string, number]; error?: string; httpError?: number };
  const httpStatus = traits.awsQueryError?.[1] ?? traits.httpError;
  const model: ErrorModel = {
    name,
    schema: schemaOf(value),
    ...(traits.awsQueryError ? { queryCode: traits.awsQueryError[0] } : {}),
    ...(httpStatus ? { httpStatus } : {}),
    fault: traits.error === 'server' ? 'server' : 'client',
  };
  errors.set(name, model);
  if (model.queryCode && !errors.has(model.queryCode)) errors.set(model.queryCode, model);
}

function messageMemberOf(errors: ReadonlyMap<string, ErrorModel>): string {
  const counts = { message: 0, Message: 0 };
  for (const { schema } of errors.values()) {
    for (const [member] of schema.structIterator()) if (member === 'message' || member === 'Message') counts[member]++;
  }
  return counts.Message > counts.message ? 'Message' : 'message';
}
