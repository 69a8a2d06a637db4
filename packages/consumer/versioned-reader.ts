import type { CacheStatistics } from './cache-slot.ts';
import { SecretError } from './errors.ts';
import type { Observe } from './observe.ts';
import type { Transform } from './transform-secret.ts';
import type { StalenessProof, VersionedCache } from './versioned-cache.ts';

/** A value with its version. */
export interface VersionedSecret<Value = string> {
  readonly value: Value;
  readonly versionId: string | undefined;
}

/** A version that this environment holds. It has names and ids, and no value. */
export interface HeldVersion {
  readonly secretId: string;
  readonly versionId: string | undefined;
  readonly fetchedAt: string;
  readonly expiresAt: string;
}

export type RefetchProof = StalenessProof & { readonly transform?: Transform };

export interface VersionedReadOptions {
  /** Seconds. @default - the provider's */
  readonly maxAge?: number;
  readonly forceFetch?: boolean;
  readonly transform?: Transform;
  /** The label of the value to read, where it is not the current one. */
  readonly stage?: string;
}

/** The interface of the providers, which the readers of this library use. */
export interface VersionedReader {
  readonly observe: Observe;
  getVersioned<Value = string>(name: string, options?: VersionedReadOptions): Promise<VersionedSecret<Value>>;
  current<Value = string>(name: string, transform?: Transform): Value | undefined;
  refetch<Value = string>(name: string, proof: RefetchProof): Promise<VersionedSecret<Value> & { changed: boolean }>;
  invalidate(name: string, versionId?: string): boolean;
  held(): HeldVersion[];
  statistics(): Readonly<CacheStatistics>;
  healthCheck(): Health;
  testConnection(name: string): Promise<ConnectionTest>;
}

export interface Health {
  /** `degraded`: the store fails, and cached values are served. `unhealthy`: the store fails, and a read has no value. */
  readonly status: 'healthy' | 'degraded' | 'unhealthy';
  readonly secrets: readonly {
    readonly secretId: string;
    readonly versionId: string | undefined;
    readonly ageSeconds: number | undefined;
    /** The code of the last call's error. Undefined after a call that worked. */
    readonly lastError: string | undefined;
  }[];
  readonly statistics: Readonly<CacheStatistics>;
}

export type ConnectionTest =
  | { readonly ok: true; readonly versionId: string | undefined; readonly milliseconds: number }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly milliseconds: number };

export function heldVersions(cache: VersionedCache): HeldVersion[] {
  return cache.slots().flatMap(({ name, version }) =>
    version
      ? [
          {
            secretId: name,
            versionId: version.versionId,
            fetchedAt: new Date(version.fetchedAt).toISOString(),
            expiresAt: new Date(version.expiresAt).toISOString(),
          },
        ]
      : [],
  );
}

export function healthOf(cache: VersionedCache): Health {
  const now = cache.now();
  const slots = cache.slots().filter(({ isCurrent }) => isCurrent);
  const secrets = slots.map(({ name, version, lastError }) => ({
    secretId: name,
    versionId: version?.versionId,
    ageSeconds: version && Math.round((now - version.fetchedAt) / 1000),
    lastError: lastError?.code,
  }));
  const failing = slots.filter(({ lastError }) => lastError !== undefined);
  const isBridged = failing.every((slot) => cache.isBridged(slot));
  const status = failing.length === 0 ? 'healthy' : isBridged ? 'degraded' : 'unhealthy';
  return { status, secrets, statistics: cache.statistics() };
}

export async function testRead(read: () => Promise<VersionedSecret<unknown>>): Promise<ConnectionTest> {
  const startedAt = performance.now();
  const milliseconds = () => Math.round(performance.now() - startedAt);
  try {
    const { versionId } = await read();
    return { ok: true, versionId, milliseconds: milliseconds() };
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    return { ok: false, code: error.code, message: error.message, milliseconds: milliseconds() };
  }
}
