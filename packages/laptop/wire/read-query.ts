import { AwsError } from '../cloud.ts';
import { readTimestamp } from './read-json.ts';
import { membersOf, type Schema, type Traits } from './schema.ts';

type Tree = Map<string, Tree | string>;
const MOST_LEVELS = 32;

/** Reads the parameters of AWS's query protocol (`Tags.member.1.Key=…`) by an operation's schema. */
export function readQuery(schema: Schema, parameters: URLSearchParams): Record<string, unknown> {
  const tree: Tree = new Map();
  for (const [name, value] of parameters) insert(tree, name.split('.'), value);
  return readStructure(schema, tree);
}

function insert(tree: Tree, path: string[], value: string): void {
  if (path.length > MOST_LEVELS) throw malformed(`Parameter ${path[0]} is nested too deeply.`);
  let at = tree;
  for (const step of path.slice(0, -1)) {
    const next = at.get(step);
    if (next instanceof Map) at = next;
    else {
      const made: Tree = new Map();
      at.set(step, made);
      at = made;
    }
  }
  const last = path[path.length - 1] as string;
  if (!(at.get(last) instanceof Map)) at.set(last, value);
}

function readStructure(schema: Schema, tree: Tree | string): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  if (!(tree instanceof Map)) return result;
  for (const { name, schema: member, traits } of membersOf(schema)) {
    const node = tree.get(traits.xmlName ?? name) ?? tree.get(name);
    if (node !== undefined) result[name] = readNode(member, node, traits);
  }
  return result;
}

function readNode(schema: Schema, node: Tree | string, traits: Traits): unknown {
  if (schema.isStructSchema()) return readStructure(schema, node);
  if (schema.isListSchema()) return readList(schema, node, traits);
  if (schema.isMapSchema()) return readMap(schema, node, traits);
  if (node instanceof Map) throw malformed('Unexpected complex element.');
  return readSimple(schema, node);
}

function readList(schema: Schema, node: Tree | string, traits: Traits): unknown[] {
  if (!(node instanceof Map)) {
    if (node === '') return [];
    throw malformed('Unexpected simple element where a list stands.');
  }
  const item = schema.getValueSchema();
  const itemTraits = item.getMergedTraits() as Traits;
  // Flattened lists number the member itself; others go through `member`, or the item's own name (`Tags.Tag.1`).
  const items = traits.xmlFlattened ? node : (node.get(itemTraits.xmlName ?? 'member') ?? node.get('member') ?? node);
  if (!(items instanceof Map)) throw malformed('Unexpected simple element where a list stands.');
  return numbered(items).map((entry) => readNode(item, entry, itemTraits));
}

function readMap(schema: Schema, node: Tree | string, traits: Traits): Record<string, unknown> {
  if (!(node instanceof Map)) return {};
  const key = (schema.getKeySchema().getMergedTraits() as Traits).xmlName ?? 'key';
  const valueSchema = schema.getValueSchema();
  const valueTraits = valueSchema.getMergedTraits() as Traits;
  const entries = traits.xmlFlattened ? node : (node.get('entry') ?? node);
  if (!(entries instanceof Map)) throw malformed('Unexpected simple element where a map stands.');
  const pairs: [string, unknown][] = [];
  for (const entry of numbered(entries)) {
    if (!(entry instanceof Map)) throw malformed('Unexpected simple element where a map entry stands.');
    const name = entry.get(key);
    const value = entry.get(valueTraits.xmlName ?? 'value');
    if (typeof name === 'string' && value !== undefined) pairs.push([name, readNode(valueSchema, value, valueTraits)]);
  }
  return Object.fromEntries(pairs);
}

function numbered(items: Tree): (Tree | string)[] {
  return [...items]
    .filter(([index]) => /^\d+$/.test(index))
    .sort(([left], [right]) => Number(left) - Number(right))
    .map(([, entry]) => entry);
}

/** A scalar that travels as text: query parameters, labels and headers of REST. */
export function readSimple(schema: Schema, text: string): unknown {
  if (schema.isBooleanSchema()) {
    if (text === 'true' || text === 'false') return text === 'true';
    throw malformed(`Expected true or false, got ${JSON.stringify(text.slice(0, 40))}.`);
  }
  if (schema.isNumericSchema()) {
    if (/^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return Number(text);
    throw malformed(`Expected a number, got ${JSON.stringify(text.slice(0, 40))}.`);
  }
  if (schema.isTimestampSchema()) return readTimestamp(text);
  if (schema.isBlobSchema()) return new Uint8Array(Buffer.from(text, 'base64'));
  return text;
}

function malformed(message: string): AwsError {
  return new AwsError('MalformedInput', message);
}
