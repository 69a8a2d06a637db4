import { randomUUID } from 'node:crypto';
import { type ConsumerAnswer, type ConsumerEvent, isConsumerEvent } from '../pipeline/contracts/consumer-events.ts';
import { defaultProvider } from './defaults.ts';
import type { RotatingSecretsProvider } from './rotating-secrets-provider.ts';

export interface FreshSecretsOptions {
  /** @default - the shared provider */
  readonly provider?: RotatingSecretsProvider;
  /** What the consumer check asks of this function: throws when it does not work with the current values. @default - nothing */
  readonly canary?: () => Promise<void>;
}

type Handler<Event, Context, Result> = (event: Event, context: Context) => Result | Promise<Result>;

/** One environment of the function: the same for its whole life. */
const environmentId = randomUUID();

/**
 * Wraps a Lambda handler so that it answers the pipeline's invalidate, report and canary events, and passes everything
 * else through untouched.
 */
export function withFreshSecrets<Event, Context, Result>(
  handler: Handler<Event, Context, Result>,
  options: FreshSecretsOptions = {},
): Handler<Event, Context, Result> {
  return (event, context) => {
    if (!isConsumerEvent(event)) return handler(event, context);
    return answer(event, options) as Promise<Result>;
  };
}

/** The same as a middy middleware: `middy(handler).use(freshSecrets())`. */
export function freshSecrets(options: FreshSecretsOptions = {}): {
  before: (request: { event: unknown }) => Promise<ConsumerAnswer | undefined>;
} {
  return {
    // A middleware that answers something ends the request there.
    before: async ({ event }) => (isConsumerEvent(event) ? answer(event, options) : undefined),
  };
}

async function answer({ keyturn }: ConsumerEvent, options: FreshSecretsOptions): Promise<ConsumerAnswer> {
  const provider = options.provider ?? defaultProvider();
  if (keyturn.operation !== 'report') {
    provider.invalidate(keyturn.secretArn, keyturn.versionId);
    provider.invalidate(keyturn.secretName, keyturn.versionId);
  }
  const canary = keyturn.operation === 'canary' ? await runCanary(options.canary) : undefined;
  const held = provider.held().map(({ secretId, versionId }) => ({ secretId, ...(versionId && { versionId }) }));
  return { keyturn: { schemaVersion: 1, environmentId, held, ...(canary && { canary }) } };
}

async function runCanary(canary: FreshSecretsOptions['canary']): Promise<{ ok: boolean; message?: string }> {
  try {
    await canary?.();
    return { ok: true };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? `${error.name}: ${error.message}` : 'the canary failed' };
  }
}
