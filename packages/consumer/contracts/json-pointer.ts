import * as v from 'valibot';

/** A JSON pointer (RFC 6901): `` names the whole document, `/a/0/b` a place in it. */
export const JsonPointer = v.pipe(v.string(), v.regex(/^(\/([^~/]|~[01])*)*$/, 'a JSON pointer such as /data/id'));

/** Returns the value at the pointer, or undefined. Inherited members are not found. */
export function valueAt(document: unknown, pointer: string): unknown {
  let found = document;
  for (const part of partsOf(pointer)) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as Record<string, unknown>)[part];
  }
  return found;
}

/** Returns the text or the number at the pointer as text, or undefined. A blank text is as good as none. */
export function textAt(document: unknown, pointer: string): string | undefined {
  const found = valueAt(document, pointer);
  if (typeof found === 'string' && found.trim() !== '') return found;
  return typeof found === 'number' ? String(found) : undefined;
}

/** Returns a copy of an object with the text at the pointer. Missing objects on the way are made. */
export function withText(document: Record<string, unknown>, pointer: string, text: string): Record<string, unknown> {
  const [first, ...rest] = partsOf(pointer);
  if (first === undefined) throw new TypeError('The whole of an object cannot be replaced by a text.');
  // defineProperty makes a member called __proto__ an ordinary member.
  const copy = { ...document };
  const inner = Object.hasOwn(document, first) ? document[first] : undefined;
  const value = rest.length === 0 ? text : withText(isObject(inner) ? inner : {}, toPointer(rest), text);
  Object.defineProperty(copy, first, { value, enumerable: true, configurable: true, writable: true });
  return copy;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function partsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function toPointer(parts: string[]): string {
  return parts.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
