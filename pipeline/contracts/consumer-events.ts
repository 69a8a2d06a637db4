import * as v from 'valibot';

/**
 * What the pipeline sends to a consumer function, by lambda:Invoke. Consumers in other languages answer the same.
 * The event has the one top-level member `keyturn`: no event source that the public reaches can make such an event, since
 * each of them wraps the caller's input (API Gateway, function URLs and load balancers under `body`, queues under `Records`).
 */
const secret = {
  schemaVersion: v.literal(1),
  secretArn: v.string(),
  secretName: v.string(),
  /** The version that is AWSCURRENT now. */
  versionId: v.string(),
};

export const ConsumerEvent = v.strictObject({
  keyturn: v.variant('operation', [
    /** Forget what you hold of this secret, unless it is this version. */
    v.strictObject({ operation: v.literal('invalidate'), ...secret }),
    /** Say which versions you hold. */
    v.strictObject({ operation: v.literal('report'), ...secret }),
    /** Prove that you work with the secret: the canary of the consumer check. */
    v.strictObject({ operation: v.literal('canary'), ...secret }),
  ]),
});
export type ConsumerEvent = v.InferOutput<typeof ConsumerEvent>;
export type ConsumerOperation = ConsumerEvent['keyturn']['operation'];

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
