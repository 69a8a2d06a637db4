import { randomUUID } from 'node:crypto';
import {
  CONSUMER_CLIENT_CONTEXT,
  type ConsumerAnswer,
  type ConsumerEvent,
  isConsumerEvent,
} from './contracts/consumer-events.ts';
import { type EnvironmentCache, environmentCaches } from './environment-caches.ts';

export interface FreshSecretsOptions {
  /** The caches that an invalidation reaches. @default - every provider of this library in the environment */
  readonly providers?: readonly EnvironmentCache[];
  /** The work that the consumer check asks for. It throws when the function does not work with the current values. @default - nothing */
  readonly canary?: () => Promise<void> | void;
  /**
   * Answers only invocations with the pipeline's client context. Only a direct caller of lambda:Invoke can set it. Use it
   * where the function's event is a caller's own text: an API Gateway integration without a mapping template, an IoT rule.
   * @default false
   */
  readonly requireClientContext?: boolean;
}

/** Names this environment of the function, for its whole life. */
const environmentId = randomUUID();

/**
 * Wraps a Lambda handler. The wrapped handler answers the pipeline's invalidate, report and canary events itself. For all
 * other events it calls the handler, and changes nothing of its arguments, its answer and its errors.
 *
 * @example
 * ```ts
 * import { getApiKey, withFreshSecrets } from '@keyturn/consumer';
 *
 * export const handler = withFreshSecrets(
 *   async (event: { name: string }) => ({ name: event.name }),
 *   // The consumer check calls this after a rotation. It throws where the function does not work.
 *   { canary: async () => void (await getApiKey('shop/vendor-key')) },
 * );
 * ```
 */
export function withFreshSecrets<Arguments extends [event: any, ...more: any[]], Result>(
  handler: (...args: Arguments) => Result,
  options: FreshSecretsOptions = {},
): (...args: Arguments) => Result {
  return function (this: unknown, ...args) {
    const [event, context] = args;
    if (!isPipelineEvent(event, context, options)) return handler.apply(this, args);
    return answer(event, options) as Result;
  };
}

/**
 * Does the same as a middy middleware. Use it before all others.
 *
 * @example
 * ```ts
 * import middy from '@middy/core';
 * import { freshSecrets } from '@keyturn/consumer';
 *
 * export const handler = middy(async (event: { name: string }) => ({ name: event.name })).use(freshSecrets());
 * ```
 */
export function freshSecrets(options: FreshSecretsOptions = {}): {
  before: (request: { event: unknown; context?: unknown }) => Promise<any>;
} {
  return {
    // middy ends the request when a middleware returns an answer.
    before: async ({ event, context }) =>
      isPipelineEvent(event, context, options) ? answer(event, options) : undefined,
  };
}

function isPipelineEvent(event: unknown, context: unknown, options: FreshSecretsOptions): event is ConsumerEvent {
  if (!isConsumerEvent(event)) return false;
  if (!options.requireClientContext) return true;
  const { clientContext } = (context ?? {}) as { clientContext?: { custom?: Record<string, unknown> } };
  const custom = clientContext?.custom ?? {};
  return Object.entries(CONSUMER_CLIENT_CONTEXT.custom).every(([name, value]) => custom[name] === value);
}

async function answer({ keyturn }: ConsumerEvent, options: FreshSecretsOptions): Promise<ConsumerAnswer> {
  const caches = options.providers ?? environmentCaches();
  if (keyturn.operation !== 'report') {
    for (const cache of caches) {
      // A reader in a replica region knows the item by its name, not by this ARN.
      cache.invalidate(keyturn.secretArn, keyturn.versionId);
      cache.invalidate(keyturn.secretName, keyturn.versionId);
    }
  }
  const canary = keyturn.operation === 'canary' ? await runCanary(options.canary) : undefined;
  const held = caches.flatMap((cache) =>
    cache.held().map(({ secretId, versionId }) => ({ secretId, ...(versionId && { versionId }) })),
  );
  return { keyturn: { schemaVersion: 1, environmentId, held, ...(canary && { canary }) } };
}

async function runCanary(canary: FreshSecretsOptions['canary']): Promise<{ ok: boolean; message?: string }> {
  try {
    await canary?.();
    return { ok: true };
  } catch (error) {
    // The answer is kept in an execution's history, so it holds the error's name and code. The message may quote a secret.
    const { name, code } = Object(error) as { name?: unknown; code?: unknown };
    const word = (given: unknown) => (typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : undefined);
    return { ok: false, message: `${word(name) ?? 'Error'}: ${word(code) ?? 'see the function’s log'}` };
  }
}
