import { textAt } from './json-pointer.ts';
import { isOneOf } from './same-secret.ts';

/**
 * Returns the keys that an acceptor of a `generated` API key accepts at `now`, from the JSON secret that it has read: the
 * current key, `next_api_key`, and `previous_api_key` until `previous_api_key_until`.
 */
export function acceptedKeys(
  object: Readonly<Record<string, unknown>>,
  options: { keyPointer?: string; now: Date },
): string[] {
  const current = textAt(object, options.keyPointer ?? '/api_key');
  const until = object.previous_api_key_until;
  const isPreviousAccepted = typeof until === 'string' && options.now.getTime() < Date.parse(until);
  const keys = [current, object.next_api_key, isPreviousAccepted ? object.previous_api_key : undefined];
  return keys.filter((key): key is string => typeof key === 'string' && key.trim() !== '');
}

/** Whether a caller's key is one of the keys. The comparison takes constant time. */
export function isAcceptedKey(presented: string, keys: readonly string[]): boolean {
  return isOneOf(presented, keys);
}
