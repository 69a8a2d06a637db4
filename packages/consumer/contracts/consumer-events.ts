import * as v from 'valibot';

/**
 * What the pipeline sends to a consumer function, by lambda:Invoke. Consumers in other languages answer the same.
 * The event has the one top-level member `keyturn`: no event source that the public reaches can make such an event, since
 * each of them wraps the caller's input (API Gateway, function URLs and load balancers under `body`, queues under `Records`).
 * Where a function's event is a caller's own text, the client context tells the pipeline from everybody else.
 */
const item = {
  schemaVersion: v.literal(1),
  /** The ARN of the secret, or of the parameter. */
  secretArn: v.string(),
  secretName: v.string(),
  /** The version that is AWSCURRENT now; of a parameter, its version number. */
  versionId: v.string(),
};

export const ConsumerEvent = v.strictObject({
  keyturn: v.variant('operation', [
    /** Forget what you hold of this item, unless it is this version. */
    v.strictObject({ operation: v.literal('invalidate'), ...item }),
    /** Say which versions you hold. */
    v.strictObject({ operation: v.literal('report'), ...item }),
    /** Prove that you work with the item: the canary of the consumer check. */
    v.strictObject({ operation: v.literal('canary'), ...item }),
  ]),
});
export type ConsumerEvent = v.InferOutput<typeof ConsumerEvent>;
export type ConsumerOperation = ConsumerEvent['keyturn']['operation'];

/**
 * The invocation's ClientContext, as Base64 of this JSON. Only who may call lambda:Invoke can set it, for synchronous
 * invocations; no service that invokes a function for somebody lets them. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 */
export const CONSUMER_CLIENT_CONTEXT = { custom: { keyturn: 'consumer-event' } } as const;

/** What one environment answers. A sample: it says nothing of the other environments of the function. */
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
