import * as v from 'valibot';
import { parse } from '../../pipeline/contracts/parse.ts';

const text = v.pipe(v.string(), v.nonEmpty());

/** Reads what a function needs from its environment, before anything else runs. */
export function readEnvironment<Entries extends v.ObjectEntries>(
  entries: Entries,
): v.InferOutput<v.ObjectSchema<Entries, undefined>> {
  return parse('The environment of the function', v.object(entries), process.env);
}

export const environmentText = text;
export const optionalEnvironmentText = v.optional(text);
