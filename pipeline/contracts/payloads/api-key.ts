import * as v from 'valibot';

/**
 * An API key as its secret holds it: the plain key, or a JSON object with the key, the credential's id and whatever else
 * people keep beside them. Where in the object they stand is in the settings, so that reading comes later.
 */
export type ApiKeyPayload =
  | { readonly form: 'text'; readonly text: string }
  | { readonly form: 'object'; readonly object: Readonly<Record<string, unknown>> };

/** Parses a secret's value. Text that is no JSON object is a plain key; white space around it is not part of it. */
export const ApiKeyValue = v.pipe(
  v.string(),
  v.check((value) => value.trim() !== '', 'an API key'),
  v.transform((value): ApiKeyPayload => {
    const object = value.trimStart().startsWith('{') ? parseObject(value) : undefined;
    return object ? { form: 'object', object } : { form: 'text', text: value.trim() };
  }),
);

/** A plain key may begin with a brace; only JSON is an object. */
function parseObject(value: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(value) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
