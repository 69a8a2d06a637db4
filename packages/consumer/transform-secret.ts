import { TransformParameterError } from '@aws-lambda-powertools/parameters/errors';

export type Transform = 'json' | 'binary' | 'auto';

/**
 * Does Powertools' transforms, which Powertools does not export. `auto` chooses by the ending of the name. The error does
 * not quote the value, as the message of JSON.parse does.
 */
export function transformSecret(name: string, value: string | Uint8Array, transform: Transform): unknown {
  const kind = transform === 'auto' ? name.toLowerCase().match(/\.(json|binary)$/)?.[1] : transform;
  if (kind === undefined) return value;
  const text = typeof value === 'string' ? value.replace(/^\ufeff/, '') : new TextDecoder('utf-8').decode(value);
  if (kind === 'binary') return decodeBase64(text);
  try {
    return JSON.parse(text);
  } catch {
    // The cause is left out: JSON.parse quotes the text that it cannot parse, which is a secret.
    throw new TransformParameterError('json', `the value of ${name} is not JSON`);
  }
}

function decodeBase64(text: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new TransformParameterError('binary', 'the value is not Base64');
  return Buffer.from(text, 'base64').toString('utf-8');
}
