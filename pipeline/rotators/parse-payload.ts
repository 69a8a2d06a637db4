import * as v from 'valibot';
import { PayloadInvalid } from './errors.ts';

/** Parses a secret's value as JSON of its kind. The error names secret and fields, never what stood there. */
export function parsePayload<Schema extends v.GenericSchema>(
  secretArn: string,
  schema: Schema,
  value: string,
): v.InferOutput<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    // The cause is dropped on purpose: JSON.parse quotes what it could not read, which is a secret.
    throw new PayloadInvalid(`${secretArn}: expected JSON, came something else.`);
  }
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const places = result.issues.map(
    (issue) => `${v.getDotPath(issue) ?? 'the value'}: expected ${expectedBy(issue)}, came ${describe(issue.input)}`,
  );
  throw new PayloadInvalid(`${secretArn}: ${[...new Set(places)].join('; ')}.`);
}

/** In words: the schema's own, or what a kind of rule asks for. */
function expectedBy({ type, expected, message, kind, input }: v.BaseIssue<unknown>): string {
  if (input === undefined && type.endsWith('object')) return 'a value';
  if (type === 'non_empty') return 'at least one character';
  if (type === 'string') return 'text';
  // The library's own words hold a piece of the value; ours do not.
  if (kind === 'validation' && !message.startsWith('Invalid ')) return message.replace(/^expected /, '');
  return (expected ?? type).replaceAll('string', 'text');
}

/** What came, by its type alone: the value may be a secret. */
function describe(input: unknown): string {
  if (input === undefined) return 'nothing';
  if (input === null || input === '') return input === '' ? 'empty text' : 'null';
  if (Array.isArray(input)) return 'a list';
  return { string: 'text', number: 'a number', boolean: 'true or false' }[typeof input as string] ?? 'an object';
}
