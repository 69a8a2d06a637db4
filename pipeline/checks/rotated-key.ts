import { PayloadInvalid } from '../rotators/errors.ts';

/** Where keys lie in JSON secrets by custom, as the consumer library looks for them. */
const customary = ['api_key', 'apiKey', 'key', 'token'];

/**
 * The rotated key as it is sent: the whole secret, or the text that a JSON pointer (RFC 6901) names.
 * @throws PayloadInvalid naming the place, never the value; also where it does not fit into a header
 */
export function rotatedKey(secretName: string, value: string, pointer?: string): string {
  const key = pointer === undefined ? customaryKey(secretName, value) : textAt(secretName, value, pointer);
  // An error of fetch or of Node would quote a header that it refuses.
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new PayloadInvalid(`${secretName}: the key has characters that no header can carry, or is empty.`);
}

function customaryKey(secretName: string, value: string): string {
  const json = parseJson(value);
  if (typeof json !== 'object' || json === null) return value;
  const found = customary.map((name) => (json as Record<string, unknown>)[name]).find((one) => typeof one === 'string');
  if (typeof found === 'string') return found;
  throw new PayloadInvalid(
    `${secretName}: a JSON secret without ${customary.join(', ')}. Name the place of the key: "pointer".`,
  );
}

function textAt(secretName: string, value: string, pointer: string): string {
  const parts = pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  let found: unknown = parseJson(value);
  for (const part of parts) {
    const holds = typeof found === 'object' && found !== null && Object.hasOwn(found, part);
    found = holds ? (found as Record<string, unknown>)[part] : undefined;
  }
  if (typeof found === 'string') return found;
  throw new PayloadInvalid(`${secretName}: the secret has no text at ${pointer}. Correct the "pointer".`);
}

/** Undefined for a secret that is no JSON: JSON.parse's error would quote it. */
function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}
