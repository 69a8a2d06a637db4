import { AwsError } from '../cloud.ts';
import { membersOf, type Schema } from './schema.ts';

/**
 * Reads JSON by an operation's schema and refuses what AWS's own reader refuses: a string where a number stands, a
 * structure where a list stands. Unknown members are ignored, as on AWS. Lengths and patterns are the service's part.
 */
export function readJson(schema: Schema, value: unknown, useJsonName: boolean): unknown {
  if (schema.isDocumentSchema()) return value;
  if (schema.isStructSchema()) return readStructure(schema, value, useJsonName);
  if (schema.isListSchema()) return readList(schema, value, useJsonName);
  if (schema.isMapSchema()) return readMap(schema, value, useJsonName);
  return readSimple(schema, value);
}

function readStructure(schema: Schema, value: unknown, useJsonName: boolean): Record<string, unknown> {
  const source = expectObject(value);
  const result: Record<string, unknown> = {};
  for (const { name, schema: member, traits } of membersOf(schema)) {
    const key = useJsonName ? (traits.jsonName ?? name) : name;
    if (!Object.hasOwn(source, key)) continue;
    const item = source[key];
    if (item !== null && item !== undefined) result[name] = readJson(member, item, useJsonName);
  }
  return result;
}

function readList(schema: Schema, value: unknown, useJsonName: boolean): unknown[] {
  if (!Array.isArray(value)) {
    if (value !== null && typeof value === 'object') {
      throw serializationError('Start of structure or map found where not expected.');
    }
    throw serializationError(`Expected list or null, but found ${kindOf(value)}`);
  }
  const member = schema.getValueSchema();
  return value.map((item) => (item === null ? null : readJson(member, item, useJsonName)));
}

function readMap(schema: Schema, value: unknown, useJsonName: boolean): Record<string, unknown> {
  const member = schema.getValueSchema();
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(expectObject(value))) {
    if (item === null) continue;
    Object.defineProperty(result, key, {
      value: readJson(member, item, useJsonName),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}

function readSimple(schema: Schema, value: unknown): unknown {
  if (value !== null && typeof value === 'object') {
    if (Array.isArray(value)) throw serializationError('Start of list found where not expected.');
    throw serializationError('Start of structure or map found where not expected.');
  }
  if (schema.isStringSchema()) return typeof value === 'string' ? value : refuse(value, 'String');
  if (schema.isBooleanSchema()) return typeof value === 'boolean' ? value : refuse(value, 'Boolean');
  if (schema.isNumericSchema()) return readNumber(value);
  if (schema.isBlobSchema()) return typeof value === 'string' ? readBase64(value) : refuse(value, 'Blob');
  if (schema.isTimestampSchema()) return readTimestamp(value);
  if (schema.isBigIntegerSchema() || schema.isBigDecimalSchema()) return value;
  return value;
}

function readNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  return refuse(value, 'Number');
}

/** Epoch seconds, as the SDKs send them, or a date in ISO 8601, which AWS accepts as well. */
export function readTimestamp(value: unknown): Date {
  const date = typeof value === 'number' ? new Date(value * 1000) : new Date(timestampText(value));
  if (Number.isNaN(date.getTime())) throw serializationError('Expected a timestamp: seconds since 1970 or ISO 8601.');
  return date;
}

function timestampText(value: unknown): string | number {
  if (typeof value !== 'string') return refuse(value, 'Timestamp');
  return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : value;
}

export function readBase64(text: string): Uint8Array {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
    throw serializationError('Invalid base64 in a blob member.');
  }
  return new Uint8Array(Buffer.from(text, 'base64'));
}

function expectObject(value: unknown): Record<string, unknown> {
  if (Array.isArray(value)) throw serializationError('Start of list found where not expected.');
  if (value === null || typeof value !== 'object') {
    throw serializationError(`Expected map or structure, but found ${kindOf(value)}`);
  }
  return value as Record<string, unknown>;
}

function refuse(value: unknown, type: string): never {
  throw serializationError(`${kindOf(value)} cannot be converted to ${type}`);
}

function kindOf(value: unknown): string {
  if (value === null) return 'NULL_VALUE';
  if (value === true) return 'TRUE_VALUE';
  if (value === false) return 'FALSE_VALUE';
  if (typeof value === 'number') return 'NUMBER_VALUE';
  if (typeof value === 'string') return 'STRING_VALUE';
  return Array.isArray(value) ? 'START_ARRAY' : 'START_OBJECT';
}

export function serializationError(message: string): AwsError {
  return new AwsError('SerializationException', message);
}
