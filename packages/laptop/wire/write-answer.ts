import { JsonShapeSerializer, XmlShapeSerializer } from '@aws-sdk/core/protocols';
import { AwsError } from '../cloud.ts';
import { membersOf, type Schema, schemaOf } from './schema.ts';
import type { OperationModel, ServiceModel } from './service-model.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

/** The way a request was written, and so the way it is answered: a query-compatible service may be spoken to both ways. */
export type Spoken = 'awsJson1_0' | 'awsJson1_1' | 'restJson1' | 'awsQuery' | 'ec2Query';

// Smithy's timestamp formats by number: 5 ISO 8601, 7 seconds since 1970.
const jsonSettings = { timestampFormat: { useTrait: true, default: 7 as const } };

export function writeAnswer(
  model: ServiceModel,
  operation: OperationModel,
  output: unknown,
  spoken: Spoken,
  requestId: string,
): Answer {
  const value = (output ?? {}) as Record<string, unknown>;
  switch (spoken) {
    case 'awsJson1_0':
    case 'awsJson1_1':
      return {
        status: 200,
        headers: { 'content-type': jsonContentType(spoken), 'x-amzn-requestid': requestId },
        body: operation.output.isUnitSchema() ? '' : writeJson(operation.output, value, false),
      };
    case 'restJson1':
      return writeRest(operation, value, requestId);
    case 'awsQuery':
    case 'ec2Query':
      return {
        status: 200,
        headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
        body: writeQueryXml(model, operation, value, spoken, requestId),
      };
  }
}

export const jsonContentType = (spoken: 'awsJson1_0' | 'awsJson1_1') =>
  `application/x-amz-json-${spoken === 'awsJson1_0' ? '1.0' : '1.1'}`;

export function writeJson(schema: Schema, value: unknown, useJsonName: boolean): string {
  const serializer = new JsonShapeSerializer({ ...jsonSettings, jsonName: useJsonName });
  serializer.write(schema, value);
  return serializer.flush() as string;
}

function writeRest(operation: OperationModel, value: Record<string, unknown>, requestId: string): Answer {
  const headers: Record<string, string> = { 'x-amzn-requestid': requestId };
  let status = operation.http?.status ?? 200;
  let body: string | Uint8Array | undefined;
  if (operation.output.isUnitSchema()) return { status, headers, body: '' };
  for (const { name, schema, traits } of membersOf(operation.output)) {
    const item = value[name];
    if (traits.httpPayload) {
      if (traits.streaming && schema.isStructSchema()) throw noEventStreams(operation);
      body = writePayload(schema, item, headers);
      continue;
    }
    if (item === undefined || item === null) continue;
    if (traits.httpResponseCode) status = Number(item);
    else if (traits.httpHeader !== undefined) headers[traits.httpHeader.toLowerCase()] = writeHeader(item);
    else if (traits.httpPrefixHeaders !== undefined) {
      for (const [key, entry] of Object.entries(item)) {
        headers[(traits.httpPrefixHeaders + key).toLowerCase()] = String(entry);
      }
    }
  }
  if (body === undefined) {
    const inBody = membersOf(operation.output).filter(({ traits }) => !isBound(traits));
    // AWS answers an empty object where the output is a structure, and nothing with status 204.
    body = status === 204 ? '' : writeJson(bodySchema(operation.output, inBody), value, true);
    headers['content-type'] ??= 'application/json';
  }
  return { status, headers, body };
}

const isBound = (traits: Record<string, unknown>) =>
  traits.httpHeader !== undefined || traits.httpResponseCode || traits.httpPrefixHeaders !== undefined;

function bodySchema(output: Schema, inBody: ReturnType<typeof membersOf>): Schema {
  const shape = output.getSchema() as unknown as unknown[];
  const names = shape[4] as string[];
  const schemas = shape[5] as unknown[];
  if (inBody.length === names.length) return output;
  const kept = new Set(inBody.map(({ name }) => name));
  const indices = names.map((_, index) => index).filter((index) => kept.has(names[index] as string));
  return schemaOf([
    3,
    shape[1],
    shape[2],
    0,
    indices.map((index) => names[index]),
    indices.map((index) => schemas[index]),
  ]);
}

function writePayload(schema: Schema, item: unknown, headers: Record<string, string>): string | Uint8Array {
  if (schema.isBlobSchema() || schema.isStringSchema()) {
    headers['content-type'] ??= schema.isBlobSchema() ? 'application/json' : 'text/plain';
    if (item instanceof Uint8Array) return item;
    return item === undefined || item === null ? '' : String(item);
  }
  headers['content-type'] ??= 'application/json';
  return item === undefined || item === null ? '' : writeJson(schema, item, true);
}

function writeHeader(item: unknown): string {
  if (item instanceof Date) return item.toUTCString();
  return Array.isArray(item) ? item.join(', ') : String(item);
}

/**
 * `<ListRolesResponse><ListRolesResult>…</ListRolesResult><ResponseMetadata><RequestId>…`, by way of a shape made for the
 * whole document. https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
function writeQueryXml(
  model: ServiceModel,
  operation: OperationModel,
  value: Record<string, unknown>,
  spoken: 'awsQuery' | 'ec2Query',
  requestId: string,
): string {
  const namespace = 'local.wire';
  const shape = operation.output.getSchema() as unknown as unknown[];
  const isUnit = operation.output.isUnitSchema();
  const names = isUnit ? [] : (shape[4] as string[]);
  const schemas = isUnit ? [] : (shape[5] as unknown[]);
  const serializer = new XmlShapeSerializer({
    xmlNamespace: model.xmlNamespace,
    serviceNamespace: namespace,
    timestampFormat: { useTrait: true, default: 5 },
  } as ConstructorParameters<typeof XmlShapeSerializer>[0]);
  const responseName = `${operation.name}Response`;
  if (spoken === 'ec2Query') {
    const flat = [3, namespace, responseName, 0, ['requestId', ...names], [0, ...schemas]];
    serializer.write(schemaOf(flat), { requestId, ...value });
    return serializer.flush() as string;
  }
  const resultName = `${operation.name}Result`;
  const result = [3, namespace, resultName, 0, names, schemas];
  const metadata = [3, namespace, 'ResponseMetadata', 0, ['RequestId'], [0]];
  const document = isUnit
    ? [3, namespace, responseName, 0, ['ResponseMetadata'], [() => metadata]]
    : [3, namespace, responseName, 0, [resultName, 'ResponseMetadata'], [() => result, () => metadata]];
  serializer.write(schemaOf(document), { [resultName]: value, ResponseMetadata: { RequestId: requestId } });
  return serializer.flush() as string;
}

function noEventStreams(operation: OperationModel): AwsError {
  return new AwsError(
    'UnknownOperationException',
    `${operation.name} answers an event stream, which the laptop does not speak: SUPPORT.md of @keyturn/laptop lists what it does.`,
  );
}
