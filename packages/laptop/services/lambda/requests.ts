import type { Call } from '../../cloud.ts';
import { invalidParameter, preconditionFailed } from './errors.ts';
import type { Lambda } from './lambda.ts';

export const onFunction = (lambda: Lambda, action: string) => (input: any, call: Call) => [
  { action: `lambda:${action}`, resource: lambda.arnOf(call, { FunctionName: input.FunctionName }) },
];

export function expectRevision(current: string, given: string | undefined): void {
  if (given !== undefined && given !== current) throw preconditionFailed();
}

/** A page of at most 50 after the marker. */
export function page<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  input: { Marker?: string; MaxItems?: number },
) {
  const after = input.Marker === undefined ? undefined : Buffer.from(input.Marker, 'base64url').toString('utf8');
  const start = after === undefined ? 0 : items.findIndex((item) => keyOf(item) === after) + 1;
  if (after !== undefined && start === 0) throw invalidParameter('Invalid Marker');
  const limit = Math.min(Math.max(input.MaxItems ?? 50, 1), 50);
  const chosen = items.slice(start, start + limit);
  const last = chosen[chosen.length - 1];
  const more = last !== undefined && start + limit < items.length;
  return { items: chosen, marker: more ? { NextMarker: Buffer.from(keyOf(last)).toString('base64url') } : {} };
}
