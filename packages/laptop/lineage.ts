import { AsyncLocalStorage } from 'node:async_hooks';

/** What led to what is done now. */
export interface Lineage {
  /** Deliveries of events and messages, each out of the one before. */
  readonly deliveries: number;
  /** How often each function was invoked, by ARN, with nothing but functions, topics and queues in between. */
  readonly invocations: ReadonlyMap<string, number>;
}

const root: Lineage = { deliveries: 0, invocations: new Map() };
const storage = new AsyncLocalStorage<Lineage>();

/** Through these Lambda follows a chain of invocations; what comes back through others begins a new one. */
const followed = new Set(['lambda', 'sns', 'sqs']);

export const currentLineage = (): Lineage => storage.getStore() ?? root;

/** Runs a call of a service, as what `lineage` led to. */
export function callOf<Result>(service: string, lineage: Lineage, run: () => Result): Result {
  return storage.run(followed.has(service) ? lineage : { ...lineage, invocations: root.invocations }, run);
}

export function oneDeliveryFurther<Result>(run: () => Result): Result {
  const lineage = currentLineage();
  return storage.run({ ...lineage, deliveries: lineage.deliveries + 1 }, run);
}

export function oneInvocationFurther<Result>(functionArn: string, run: () => Result): Result {
  const lineage = currentLineage();
  const invocations = new Map(lineage.invocations).set(functionArn, (lineage.invocations.get(functionArn) ?? 0) + 1);
  return storage.run({ ...lineage, invocations }, run);
}
