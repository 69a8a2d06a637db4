import { membersOf, type Schema } from '../../../wire/schema.ts';

/** How an integration spells members: as AWS's SDK for Java 2 does, or as the API does with a capital. */
export type Spelling = 'sdk' | 'optimized';

/**
 * The member as the SDK for Java spells it, with a capital: `ARN` is `Arn`, `MD5OfMessageBody` is `Md5OfMessageBody`.
 * https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html#supported-services-awssdk-list
 */
export function sdkMember(name: string): string {
  const words = name
    .replace(/([^a-z]{2,})v([0-9]+)/g, '$1 v$2 ')
    .replace(/([^A-Z]{2,})V([0-9]+)/g, '$1 V$2 ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/([0-9]+)([a-zA-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[\s_-]+/);
  return words.map((word) => capitalized(word.toLowerCase())).join('');
}

export const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const spelled = (spelling: Spelling, member: string) => (spelling === 'sdk' ? sdkMember(member) : capitalized(member));

/** Members of the input that the API does not have, as `A.B`. */
export function unknownMembers(schema: Schema, value: unknown, path = ''): string[] {
  if (!isObject(value)) return [];
  if (schema.isStructSchema()) {
    return Object.entries(value).flatMap(([key, entry]) => {
      const member = findMember(schema, key);
      return member ? unknownMembers(member.schema, entry, `${path}${key}.`) : [`${path}${key}`];
    });
  }
  return [];
}

function findMember(schema: Schema, key: string) {
  const members = membersOf(schema);
  return (
    members.find(({ name }) => name === key) ??
    members.find(({ name }) => sdkMember(name) === key || capitalized(name) === key)
  );
}

/** A Task's arguments as the operation's input: its members' names, bytes, dates; objects where JSON texts stand. */
export function toApi(schema: Schema, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (schema.isStructSchema() && isObject(value)) {
    const entries = Object.entries(value).flatMap(([key, entry]) => {
      const member = findMember(schema, key);
      return member ? [[member.name, toApi(member.schema, entry)] as const] : [];
    });
    return Object.fromEntries(entries.filter(([, entry]) => entry !== undefined));
  }
  if (schema.isListSchema() && Array.isArray(value)) return value.map((item) => toApi(schema.getValueSchema(), item));
  if (schema.isMapSchema() && isObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => [key, toApi(schema.getValueSchema(), entry)]),
    );
  if (schema.isBlobSchema()) return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
  if (schema.isTimestampSchema() && (typeof value === 'string' || typeof value === 'number')) return new Date(value);
  if (schema.isStringSchema() && typeof value === 'object') return JSON.stringify(value);
  return value;
}

/** An operation's output as a Task's result; keys of maps, such as version ids, are left alone. */
export function fromApi(schema: Schema, value: unknown, spelling: Spelling): unknown {
  if (value === null || value === undefined) return undefined;
  if (value instanceof Date) return spelling === 'sdk' ? instantText(value) : value.getTime();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (schema.isStructSchema() && isObject(value)) {
    const entries = membersOf(schema).map(
      ({ name, schema: member }) => [spelled(spelling, name), fromApi(member, value[name], spelling)] as const,
    );
    return Object.fromEntries(entries.filter(([, entry]) => entry !== undefined));
  }
  if (schema.isListSchema() && Array.isArray(value))
    return value.map((item) => fromApi(schema.getValueSchema(), item, spelling) ?? null);
  if (schema.isMapSchema() && isObject(value)) {
    const inner = schema.getValueSchema();
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fromApi(inner, entry, spelling)]));
  }
  return value;
}

/** As java.time.Instant prints itself: no fraction where it is nothing. */
const instantText = (date: Date) => date.toISOString().replace('.000Z', 'Z');

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
