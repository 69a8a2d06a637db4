import { textAt } from '@keyturn/consumer/contracts/json-pointer';
import * as v from 'valibot';
import { ApiKeyValue } from '../contracts/payloads/api-key.ts';
import { PayloadInvalid } from '../rotators/errors.ts';

/** Where keys lie in JSON secrets by custom, as the consumer library looks for them. */
const customary = ['/api_key', '/apiKey', '/key', '/token'];

/**
 * The rotated key as it is sent: the plain secret, or the text that a JSON pointer names.
 * @throws PayloadInvalid naming the place, never the value; also where it does not fit into a header
 */
export function rotatedKey(secretName: string, value: string, pointer?: string): string {
  const key = findKey(secretName, value, pointer);
  // An error of fetch or of Node would quote a header that it refuses.
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new PayloadInvalid(`${secretName}: the key has characters that no header can carry, or is empty.`);
}

function findKey(secretName: string, value: string, pointer?: string): string {
  const parsed = v.safeParse(ApiKeyValue, value);
  if (!parsed.success) return '';
  const payload = parsed.output;
  if (payload.form === 'text') {
    if (pointer === undefined) return payload.text;
    throw new PayloadInvalid(`${secretName}: the secret is plain text. Remove the "pointer".`);
  }
  const places = pointer === undefined ? customary : [pointer];
  const found = places.map((place) => textAt(payload.object, place)).find((text) => text !== undefined);
  if (found !== undefined) return found;
  throw new PayloadInvalid(
    `${secretName}: the secret has no text at ${places.join(', ')}. Name the place of the key: "pointer".`,
  );
}
