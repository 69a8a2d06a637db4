import { createHash, timingSafeEqual } from 'node:crypto';
import type { Value } from './state.ts';
import { invalidParameter } from './validation.ts';

export interface ValueInput {
  ClientRequestToken?: string;
  SecretString?: string;
  SecretBinary?: Uint8Array;
}

/** @throws InvalidParameterException for both kinds at once */
export function givenValue(input: ValueInput): Value | undefined {
  if (input.SecretString !== undefined && input.SecretBinary !== undefined) {
    throw invalidParameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  if (input.SecretString !== undefined) return { string: input.SecretString };
  if (input.SecretBinary !== undefined) return { binary: input.SecretBinary };
  return undefined;
}

export function isSameValue(a: Value, b: Value | undefined): boolean {
  return b !== undefined && timingSafeEqual(digest(a), digest(b));
}

function digest(value: Value): Buffer {
  const [kind, bytes] = 'string' in value ? ['string', Buffer.from(value.string)] : ['binary', value.binary];
  return createHash('sha256').update(kind).update(bytes).digest();
}
