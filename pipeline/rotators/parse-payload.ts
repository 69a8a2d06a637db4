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
    (issue) => `${v.getDotPath(issue) ?? 'the value'}: expected ${issue.expected ?? issue.type}`,
  );
  throw new PayloadInvalid(`${secretArn}: ${[...new Set(places)].join('; ')}.`);
}
