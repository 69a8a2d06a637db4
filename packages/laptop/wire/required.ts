import { membersOf, type Schema } from './schema.ts';

/** Paths of required members that are absent, as AWS's validation names them (`tags.1.member.key`). */
export function missingMembers(schema: Schema, value: unknown, path = '', found: string[] = []): string[] {
  if (value === null || value === undefined || schema.isDocumentSchema()) return found;
  if (schema.isStructSchema()) {
    for (const member of membersOf(schema)) {
      const item = (value as Record<string, unknown>)[member.name];
      const memberPath = join(path, lowerFirst(member.name));
      if (item !== null && item !== undefined) missingMembers(member.schema, item, memberPath, found);
      else if (member.required) found.push(memberPath);
    }
    return found;
  }
  if (schema.isListSchema() && Array.isArray(value)) {
    const item = schema.getValueSchema();
    value.forEach((entry, index) => {
      const memberPath = `${path}.${index + 1}.member`;
      if (entry === null) found.push(memberPath);
      else missingMembers(item, entry, memberPath, found);
    });
  } else if (schema.isMapSchema()) {
    const item = schema.getValueSchema();
    for (const [key, entry] of Object.entries(value as object)) missingMembers(item, entry, join(path, key), found);
  }
  return found;
}

/** `1 validation error detected: Value null at 'x' failed to satisfy constraint: Member must not be null` */
export function missingMembersText(paths: readonly string[]): string {
  const each = paths.map((path) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`);
  return `${paths.length} validation error${paths.length === 1 ? '' : 's'} detected: ${each.join('; ')}`;
}

const join = (path: string, name: string) => (path === '' ? name : `${path}.${name}`);
const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
