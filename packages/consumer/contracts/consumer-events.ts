import * as v from 'valibot';

/**
 * The events that the pipeline sends to a consumer function by lambda:Invoke. Consumers in every language answer them.
 * An event has one top-level member, `keyturn`. Event sources that are open to the public cannot make such an event, since
 * they wrap the caller's input (API Gateway, function URLs and load balancers under `body`, queues under `Records`). Where
 * a function's event is the caller's own text, the client context shows that the event comes from the pipeline.
 */
const item = {
  schemaVersion: v.literal(1),
  /** The ARN of the secret, or of the parameter. */
  secretArn: v.string(),
  secretName: v.string(),
  /** The version that is AWSCURRENT now. For a parameter: its version number. */
  versionId: v.string(),
};

export const ConsumerEvent = v.strictObject({
  keyturn: v.variant('operation', [
    /** Asks the function to drop its cached value of this item, unless it is this version. */
    v.strictObject({ operation: v.literal('invalidate'), ...item }),
    /** Asks which versions the function holds. */
    v.strictObject({ operation: v.literal('report'), ...item }),
    /** Asks the function to prove that it works with the item. The consumer check sends it. */
    v.strictObject({ operation: v.literal('canary'), ...item }),
  ]),
});
export type ConsumerEvent = v.InferOutput<typeof ConsumerEvent>;
export type ConsumerOperation = ConsumerEvent['keyturn']['operation'];

/**
 * The ClientContext of the invocation, as Base64 of this JSON. Only a direct caller of lambda:Invoke can set it. Services
 * that invoke functions for other callers do not pass one on. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export const CONSUMER_CLIENT_CONTEXT = { custom: { keyturn: 'consumer-event' } } as const;

/** The answer of one environment. It is a sample, and proves nothing about the function's other environments. */
export const ConsumerAnswer = v.object({
  keyturn: v.object({
    schemaVersion: v.literal(1),
    environmentId: v.string(),
    held: v.array(v.object({ secretId: v.string(), versionId: v.optional(v.string()) })),
    canary: v.optional(v.object({ ok: v.boolean(), message: v.optional(v.string()) })),
  }),
});
export type ConsumerAnswer = v.InferOutput<typeof ConsumerAnswer>;

export function isConsumerEvent(event: unknown): event is ConsumerEvent {
  return v.is(ConsumerEvent, event);
}
