import { textAt } from './json-pointer.ts';
import { isOneOf } from './same-secret.ts';

/**
 * The keys that an acceptor of a `generated` API key lets in at `now`, from the JSON secret that it has read: current,
 * `next_api_key`, and `previous_api_key` until `previous_api_key_until`.
 */
export function acceptedKeys(
  object: Readonly<Record<string, unknown>>,
  options: { keyPointer?: string; now: Date },
): string[] {
  const current = textAt(object, options.keyPointer ?? '/api_key');
  const until = object.previous_api_key_until;
  const isPreviousAccepted = typeof until === 'string' && options.now.getTime() < Date.parse(until);
  const keys = [current, object.next_api_key, isPreviousAccepted ? object.previous_api_key : undefined];
  return keys.filter((key): key is string => typeof key === 'string' && key !== '');
}

/** Whether what a caller presents is one of the keys, in a time that reveals nothing of them. */
export function isAcceptedKey(presented: string, keys: readonly string[]): boolean {
  return isOneOf(presented, keys);
}
