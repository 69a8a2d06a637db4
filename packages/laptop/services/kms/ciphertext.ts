import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AwsError } from '../../cloud.ts';
import type { Key } from './state.ts';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export type EncryptionContext = Readonly<Record<string, string>>;

/** AES-256-GCM under the key's material, the encryption context authenticated; the blob names its key, as AWS's does. */
export function encrypt(key: Key, plaintext: Uint8Array, context: EncryptionContext = {}): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.material, nonce).setAAD(canonical(context));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const arn = Buffer.from(key.arn);
  const blob = Buffer.concat([Buffer.from([VERSION, arn.length]), arn, nonce, cipher.getAuthTag(), sealed]);
  return new Uint8Array(blob);
}

export function keyArnOf(blob: Uint8Array): string {
  const length = blob[1] ?? 0;
  if (blob[0] !== VERSION || blob.length < 2 + length + NONCE_BYTES + TAG_BYTES) throw invalidCiphertext();
  return Buffer.from(blob.subarray(2, 2 + length)).toString();
}

export function decrypt(key: Key, blob: Uint8Array, context: EncryptionContext = {}): Uint8Array {
  const start = 2 + (blob[1] ?? 0);
  const nonce = blob.subarray(start, start + NONCE_BYTES);
  const tag = blob.subarray(start + NONCE_BYTES, start + NONCE_BYTES + TAG_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key.material, nonce).setAAD(canonical(context)).setAuthTag(tag);
  try {
    const sealed = blob.subarray(start + NONCE_BYTES + TAG_BYTES);
    return new Uint8Array(Buffer.concat([decipher.update(sealed), decipher.final()]));
  } catch (cause) {
    throw invalidCiphertext(cause);
  }
}

function canonical(context: EncryptionContext): Buffer {
  return Buffer.from(JSON.stringify(Object.entries(context).sort(([left], [right]) => (left < right ? -1 : 1))));
}

export const invalidCiphertext = (cause?: unknown) => new AwsError('InvalidCiphertextException', '', { cause });
