import * as v from 'valibot';
import { ParameterNameOrPath } from '../grammar/parameter-names.ts';
import { ConsumerSettings } from './secret.ts';

/**
 * What the pipeline knows of one parameter, or of all parameters under a path, at run time: who consumes it. Kept in an
 * SSM parameter, one for each.
 */
export const ParameterSettings = v.object({
  schemaVersion: v.literal(1),
  /** `/app/flag`; with a slash at its end, everything under it: `/app/`. */
  name: ParameterNameOrPath,
  consumers: v.array(ConsumerSettings),
});
export type ParameterSettings = v.InferOutput<typeof ParameterSettings>;

/**
 * Where they are kept: `/keyturn/<pipeline>/.parameter/<name>`, one level however deep the name, since names have 15
 * levels at most. No secret's settings can be there: a dot in their names never stands at the beginning of a level.
 */
export function parameterSettingsName(prefix: string, parameterName: string): string {
  const encoded = parameterName.replace(/[^\w-]/g, (character) => `.x${character.charCodeAt(0).toString(16)}.`);
  return `${prefix}/.parameter/${encoded}`;
}

/** The names under which a parameter may be declared: its own, and those of the paths that it is under. */
export function declarableNames(parameterName: string): string[] {
  const parts = parameterName.split('/');
  const paths = parts.slice(0, -1).map((_, index) => `${parts.slice(0, index + 1).join('/')}/`);
  return [parameterName, ...paths.reverse()];
}
