import { NormalizedSchema } from '@smithy/core/schema';

export type Schema = NormalizedSchema;

/** HTTP and XML traits of a member, as far as the codec reads them. */
export interface Traits {
  httpLabel?: 1;
  httpHeader?: string;
  httpQuery?: string;
  httpQueryParams?: 1;
  httpPayload?: 1;
  httpPrefixHeaders?: string;
  httpResponseCode?: 1;
  jsonName?: string;
  xmlName?: string;
  xmlFlattened?: 1;
  timestampFormat?: unknown;
  sparse?: 1;
  mediaType?: string;
  streaming?: 1;
  eventPayload?: 1;
  [name: string]: unknown;
}

/** A structure's members in order, with what they must be; computed once per shape. */
export interface Member {
  readonly name: string;
  readonly schema: Schema;
  readonly traits: Traits;
  readonly required: boolean;
}

const cache = new WeakMap<object, readonly Member[]>();

export function membersOf(schema: Schema): readonly Member[] {
  const shape = schema.getSchema() as unknown as unknown[];
  const known = cache.get(shape);
  if (known) return known;
  // [kind, namespace, name, traits, member names, member schemas, number of required members, which come first]
  const requiredCount = typeof shape[6] === 'number' ? shape[6] : 0;
  const members: Member[] = [];
  for (const [name, member] of schema.structIterator()) {
    const traits = member.getMergedTraits() as Traits;
    members.push({ name, schema: member, traits, required: members.length < requiredCount });
  }
  cache.set(shape, members);
  return members;
}

export function schemaOf(reference: unknown): Schema {
  return NormalizedSchema.of(reference as Parameters<typeof NormalizedSchema.of>[0]);
}
