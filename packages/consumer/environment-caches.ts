/** The part of a cache that the pipeline's events use. */
export interface EnvironmentCache {
  invalidate(name: string, versionId?: string): boolean;
  held(): readonly { readonly secretId: string; readonly versionId: string | undefined }[];
}

const key = Symbol.for('keyturn.consumer.caches');
const shared = globalThis as { [key]?: Set<WeakRef<EnvironmentCache>> };

/**
 * Every cache of this environment, so that an invalidation also reaches the providers that the application made itself.
 * The set is a property of the global object, because a process may load this library twice: as a module and as CommonJS.
 */
function registry(): Set<WeakRef<EnvironmentCache>> {
  shared[key] ??= new Set();
  return shared[key];
}

export function registerCache(cache: EnvironmentCache): void {
  registry().add(new WeakRef(cache));
}

/** The caches that the application still uses. */
export function environmentCaches(): EnvironmentCache[] {
  const caches: EnvironmentCache[] = [];
  for (const reference of registry()) {
    const cache = reference.deref();
    if (cache) caches.push(cache);
    else registry().delete(reference);
  }
  return caches;
}
