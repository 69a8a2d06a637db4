import { randomUUID } from 'node:crypto';
import {
  CONSUMER_CLIENT_CONTEXT,
  type ConsumerAnswer,
  type ConsumerEvent,
  isConsumerEvent,
} from './contracts/consumer-events.ts';
import { type EnvironmentCache, environmentCaches } from './environment-caches.ts';

export interface FreshSecretsOptions {
  /** What an invalidation reaches. @default - every provider of this library in the environment */
  readonly providers?: readonly EnvironmentCache[];
  /** What the consumer check asks of this function: throws when it does not work with the current values. @default - nothing */
  readonly canary?: () => Promise<void> | void;
  /**
   * Answers only who invoked the function directly and set the pipeline's client context, which no service that passes
   * a caller's text on can do. For functions whose event is that text itself: an API Gateway integration without a
   * mapping template, an IoT rule.
   * @default false
   */
  readonly requireClientContext?: boolean;
}

/** One environment of the function: the same for its whole life. */
const environmentId = randomUUID();

/**
 * Wraps a Lambda handler so that it answers the pipeline's invalidate, report and canary events, and passes everything
 * else through untouched: arguments, answer, errors.
 */
export function withFreshSecrets<Arguments extends [event: any, ...more: any[]], Result>(
  handler: (...args: Arguments) => Result,
  options: FreshSecretsOptions = {},
): (...args: Arguments) => Result {
  return function (this: unknown, ...args) {
    const [event, context] = args;
    if (!isForUs(event, context, options)) return handler.apply(this, args);
    return answer(event, options) as Result;
  };
}

/** The same as a middy middleware, which belongs first: `middy(handler).use(freshSecrets())`. */
export function freshSecrets(options: FreshSecretsOptions = {}): {
  before: (request: { event: unknown; context?: unknown }) => Promise<any>;
} {
  return {
    // A middleware that answers something ends the request there.
    before: async ({ event, context }) => (isForUs(event, context, options) ? answer(event, options) : undefined),
  };
}

function isForUs(event: unknown, context: unknown, options: FreshSecretsOptions): event is ConsumerEvent {
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
      // One reader may know the item by its ARN, another, on a replica, by its name alone.
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
    // Kind and code only: a message may quote what it was made with, and this answer is kept in an execution's history.
    const { name, code } = Object(error) as { name?: unknown; code?: unknown };
    const word = (given: unknown) => (typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : undefined);
    return { ok: false, message: `${word(name) ?? 'Error'}: ${word(code) ?? 'the function’s log tells more'}` };
  }
}
