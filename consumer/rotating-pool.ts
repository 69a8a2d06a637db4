import pg from 'pg';
import { databaseTls } from './database-tls.ts';
import { defaultProvider, withPrefix } from './defaults.ts';
import { type DatabaseConfig, toDatabaseConfig } from './read-config.ts';
import type { RotatingSecretsProvider } from './rotating-secrets-provider.ts';

export interface RotatingPoolOptions extends Omit<pg.PoolConfig, 'user' | 'password' | 'connectionString'> {
  /** Name or ARN of a secret in AWS's database format. */
  readonly secretId: string;
  /** @default - the shared provider */
  readonly provider?: RotatingSecretsProvider;
  /**
   * How long new connections wait and try again while the login is refused and AWSCURRENT has not moved: the window
   * of a single-user rotation, or a proxy that learns late. 0 turns it off. @default 5000
   */
  readonly healMilliseconds?: number;
  /** Tries AWSPENDING as the last resort, which closes the single-user window. Needs read access to that stage. @default false */
  readonly tryPending?: boolean;
  readonly now?: () => number;
}

/** The login was refused: wrong password, unknown role, or a proxy that has no credentials for it. Nothing has run yet. */
const refusedLoginCodes = new Set(['28P01', '28000']);

/**
 * A `pg` pool on a rotating secret. Each new connection asks for the password; connections of an older version finish
 * what they do and are then closed, not cut; a refused login is tried again with a newer value. A statement that may
 * have run is never tried again.
 */
export class RotatingPool {
  readonly #options: RotatingPoolOptions;
  readonly #provider: RotatingSecretsProvider;
  readonly #secretId: string;
  readonly #now: () => number;
  #pool: { pool: pg.Pool; versionId: string | undefined } | undefined;
  #ended = false;
  readonly #draining = new Set<Promise<void>>();

  constructor(options: RotatingPoolOptions) {
    this.#options = options;
    this.#provider = options.provider ?? defaultProvider();
    this.#secretId = withPrefix(options.secretId);
    this.#now = options.now ?? Date.now;
  }

  /** Runs one statement on a connection of the newest version that this environment knows. */
  async query<Row extends pg.QueryResultRow = any>(
    text: string | pg.QueryConfig,
    values?: unknown[],
  ): Promise<pg.QueryResult<Row>> {
    const client = await this.connect();
    try {
      const result = await client.query<Row>(text as string, values as never);
      client.release();
      return result;
    } catch (error) {
      // A connection that broke under the statement is not given back to the pool.
      client.release(error instanceof Error && !('severity' in error) ? error : undefined);
      throw error;
    }
  }

  /**
   * A connection from the pool; the caller releases it. Connecting is tried again only where the login was refused, when
   * no statement can have run: first with a newer value, then, for a bounded time, until the value moves.
   */
  async connect(): Promise<pg.PoolClient> {
    const deadline = this.#now() + (this.#options.healMilliseconds ?? 5_000);
    let pauseMilliseconds = 25;
    for (;;) {
      const { pool, versionId } = await this.#open();
      try {
        return await pool.connect();
      } catch (error) {
        if (!isRefusedLogin(error)) throw error;
        this.#provider.observe({
          event: 'connection-retried',
          secretId: this.#secretId,
          error: (error as { code: string }).code,
        });
        const newest = await this.#provider.refetch(this.#secretId, {
          seenVersionId: versionId,
          reason: 'login refused',
        });
        if (newest.changed) continue;
        const pending = await this.#connectPending();
        if (pending) return pending;
        if (this.#now() + pauseMilliseconds > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
        pauseMilliseconds = Math.min(pauseMilliseconds * 2, 500);
      }
    }
  }

  /** How many connections are open, idle, and waited for, over the current version's pool. */
  counts(): { total: number; idle: number; waiting: number; draining: number } {
    const pool = this.#pool?.pool;
    return {
      total: pool?.totalCount ?? 0,
      idle: pool?.idleCount ?? 0,
      waiting: pool?.waitingCount ?? 0,
      draining: this.#draining.size,
    };
  }

  /** Closes every connection after what it is doing. May be called twice. */
  async end(): Promise<void> {
    this.#ended = true;
    const open = this.#pool;
    this.#pool = undefined;
    await Promise.all([open?.pool.end(), ...this.#draining]);
  }

  async #open(): Promise<{ pool: pg.Pool; versionId: string | undefined }> {
    if (this.#ended) throw new Error('The pool has ended. Make a new RotatingPool.');
    const { value, versionId } = await this.#provider.getVersioned<unknown>(this.#secretId, { transform: 'json' });
    if (this.#pool && this.#pool.versionId === versionId) return this.#pool;
    const config = toDatabaseConfig(this.#secretId, value, versionId);
    const older = this.#pool;
    this.#pool = { pool: this.#makePool(config), versionId };
    if (older) this.#drain(older.pool);
    return this.#pool;
  }

  #makePool(config: DatabaseConfig): pg.Pool {
    const { secretId, provider, healMilliseconds, tryPending, now, ...poolOptions } = this.#options;
    const pool = new pg.Pool({
      ssl: databaseTls(config.tls),
      ...poolOptions,
      host: poolOptions.host ?? config.host,
      port: poolOptions.port ?? config.port,
      database: poolOptions.database ?? config.database,
      user: config.user,
      password: config.password,
    });
    // An idle connection that the server ends (retirement, fail-over) is not the application's error.
    pool.on('error', (error) =>
      this.#provider.observe({
        event: 'connection-retried',
        secretId: this.#secretId,
        error: (error as { code?: string }).code ?? error.name,
      }),
    );
    return pool;
  }

  /** Idle connections end now, busy ones when they are released. */
  #drain(pool: pg.Pool): void {
    this.#provider.observe({ event: 'connections-drained', secretId: this.#secretId, count: pool.totalCount });
    const done = pool.end().finally(() => this.#draining.delete(done));
    this.#draining.add(done);
  }

  /** AWSPENDING as the last resort: in a single-user rotation the target already has it while AWSCURRENT is older. */
  async #connectPending(): Promise<pg.PoolClient | undefined> {
    if (!this.#options.tryPending) return undefined;
    const pending = await this.#provider
      .getVersioned<unknown>(this.#secretId, {
        transform: 'json',
        forceFetch: true,
        sdkOptions: { VersionStage: 'AWSPENDING' },
      })
      .catch((error) => {
        // No candidate, or no right to read it: there is no last resort, and the refused login is what the caller sees.
        this.#provider.observe({
          event: 'fetch-failed',
          secretId: this.#secretId,
          error: error instanceof Error ? error.name : 'unknown',
        });
        return undefined;
      });
    if (!pending) return undefined;
    const pool = this.#makePool(toDatabaseConfig(this.#secretId, pending.value, pending.versionId));
    try {
      const client = await pool.connect();
      this.#provider.observe({ event: 'pending-used', secretId: this.#secretId });
      this.#drain(pool);
      return client;
    } catch (error) {
      await pool.end();
      if (isRefusedLogin(error)) return undefined;
      throw error;
    }
  }
}

function isRefusedLogin(error: unknown): boolean {
  return error instanceof Error && 'code' in error && refusedLoginCodes.has(String(error.code));
}
