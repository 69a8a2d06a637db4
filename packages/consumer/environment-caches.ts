/** A cache as far as the pipeline's events reach it. */
export interface EnvironmentCache {
  invalidate(name: string, versionId?: string): boolean;
  held(): readonly { readonly secretId: string; readonly versionId: string | undefined }[];
}

const key = Symbol.for('keyturn.consumer.caches');
const shared = globalThis as { [key]?: Set<WeakRef<EnvironmentCache>> };

/**
 * Every cache of this environment, so that an invalidation reaches those that people made themselves too. Kept beside
 * the global object, since a process may hold this library twice: as a module and as CommonJS.
 */
function registry(): Set<WeakRef<EnvironmentCache>> {
  shared[key] ??= new Set();
  return shared[key];
}

export function registerCache(cache: EnvironmentCache): void {
  registry().add(new WeakRef(cache));
}

/** The caches that are still in use. */
export function environmentCaches(): EnvironmentCache[] {
  const caches: EnvironmentCache[] = [];
  for (const reference of registry()) {
    const cache = reference.deref();
    if (cache) caches.push(cache);
    else registry().delete(reference);
  }
  return caches;
}
