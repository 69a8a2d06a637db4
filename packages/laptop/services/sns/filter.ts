import { compilePattern, InvalidPattern } from '../events/pattern/compile.ts';
import { flattenEvent, matchesPattern } from '../events/pattern/match.ts';
import { invalidParameter } from './errors.ts';

export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: Uint8Array;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/**
 * Filter policies are written like EventBridge's patterns, over the message's attributes or its body.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
 */
export function checkFilterPolicy(policy: string, scope = 'MessageAttributes'): void {
  try {
    compilePattern(policy);
  } catch (error) {
    if (error instanceof InvalidPattern) throw invalidParameter(`FilterPolicy: ${error.message}`);
    throw error;
  }
  const values = Object.values(JSON.parse(policy) as Record<string, unknown>);
  if (scope === 'MessageAttributes' && values.some((value) => !Array.isArray(value))) {
    throw invalidParameter(
      'Filter policy scope MessageAttributes does not support nested filter policy. Use scope MessageBody instead.',
    );
  }
}

export function isWanted(
  attributes: Readonly<Record<string, string>>,
  message: { readonly Message: string; readonly MessageAttributes?: MessageAttributes },
): boolean {
  const policy = attributes.FilterPolicy;
  if (!policy) return true;
  const looked =
    attributes.FilterPolicyScope === 'MessageBody' ? bodyOf(message.Message) : valuesOf(message.MessageAttributes);
  return looked !== undefined && matchesPattern(compilePattern(policy), flattenEvent(looked));
}

/** A body that is no JSON object fits no policy. */
function bodyOf(message: string): string | undefined {
  try {
    const body: unknown = JSON.parse(message);
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? message : undefined;
  } catch {
    return undefined;
  }
}

/** `String` is text, `Number` a number, `String.Array` a list. */
function valuesOf(attributes: MessageAttributes = {}): string {
  const entries = Object.entries(attributes)
    .filter(([, { StringValue }]) => StringValue !== undefined)
    .map(([name, { DataType, StringValue = '' }]) => {
      if (DataType === 'Number') return `${JSON.stringify(name)}:${Number(StringValue)}`;
      return `${JSON.stringify(name)}:${DataType === 'String.Array' ? StringValue : JSON.stringify(StringValue)}`;
    });
  return `{${entries.join(',')}}`;
}
