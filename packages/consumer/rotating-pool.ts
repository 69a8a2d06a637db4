import * as pg from 'pg';
import { judgePostgres } from './contracts/verdicts/postgres.ts';
import { databaseTls } from './database-tls.ts';
import { defaultProvider, withPrefix } from './defaults.ts';
import { type DatabaseConfig, toDatabaseConfig } from './read-config.ts';
import type { VersionedReader } from './versioned-reader.ts';

export interface RotatingPoolOptions extends Omit<pg.PoolConfig, 'user' | 'password' | 'connectionString'> {
  /** Name or ARN of a secret in AWS's database format. */
  readonly secretId: string;
  /** @default - the shared provider */
  readonly provider?: VersionedReader;
  /**
   * How long new connections wait and try again while the login is refused and AWSCURRENT has not moved: the window
   * of a single-user rotation, or a proxy that learns late (up to 30 seconds). 0 turns it off. @default 5000
   */
  readonly healMilliseconds?: number;
  /** Tries AWSPENDING as the last resort, which closes the single-user window. Needs read access to that stage. @default false */
  readonly tryPending?: boolean;
  /**
   * A connection that has rested for so long is asked whether it still works before it is handed out: the server may
   * have ended it while the environment was frozen. @default 500
   */
  readonly pingAfterIdleMilliseconds?: number;
  /** Milliseconds since 1970. @default - the system's time */
  readonly now?: () => number;
}

const PING_TIMEOUT_MILLISECONDS = 2_000;
const FIRST_PAUSE_MILLISECONDS = 25;
const LONGEST_PAUSE_MILLISECONDS = 500;

/** The version of the login that each connection was made with. */
const versionOf = new WeakMap<object, string | undefined>();
type PoolConfig = pg.PoolConfig & { versionId?: string };

/** A client class that remembers its version: the pool may make a connection long after it was asked for one. */
function remembering(Client: new (config: PoolConfig) => pg.ClientBase): new () => pg.ClientBase {
  return class extends Client {
    constructor(config: PoolConfig = {}) {
      super(config);
      versionOf.set(this, config.versionId);
    }
  };
}

/**
 * A `pg.Pool` on a rotating secret: use it wherever a pool is asked for. Each new connection asks for the login;
 * connections of an older version finish what they do and are then closed, not cut; a refused login is tried again with
 * a newer value. A statement that may have run is never tried again.
 */
export class RotatingPool extends pg.Pool {
  readonly #own: RotatingPoolOptions;
  readonly #provider: VersionedReader;
  readonly #secretId: string;
  readonly #now: () => number;
  readonly #restingSince = new WeakMap<object, number>();
  #login: DatabaseConfig | undefined;

  constructor(options: RotatingPoolOptions) {
    const { secretId, provider, healMilliseconds, tryPending, pingAfterIdleMilliseconds, now, ...poolOptions } =
      options;
    const Client = remembering((options.Client ?? pg.Client) as new (config: PoolConfig) => pg.ClientBase);
    // The pool hides a password that it is given from the start; the real one follows with the first connection.
    super({ ...poolOptions, Client, password: '' });
    this.#own = options;
    this.#provider = provider ?? defaultProvider();
    this.#secretId = withPrefix(secretId);
    this.#now = now ?? Date.now;
    // Without a listener, a resting connection that the server ends (retirement, fail-over) would end the process.
    this.on('error', (error) => this.#observe('connection-lost', error));
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(
    callback: (error: Error | undefined, client: pg.PoolClient | undefined, done: (release?: any) => void) => void,
  ): void;
  override connect(
    callback?: (error: Error | undefined, client: pg.PoolClient | undefined, done: (release?: any) => void) => void,
  ): Promise<pg.PoolClient> | undefined {
    const client = this.#connectHealing();
    if (!callback) return client;
    client.then(
      (connected) => callback(undefined, connected, connected.release),
      (error) => callback(error, undefined, () => undefined),
    );
    return undefined;
  }

  /** The version of the login that a connection of this pool was made with. */
  versionOf(client: pg.PoolClient): string | undefined {
    return versionOf.get(client);
  }

  /** Logs in and says as whom. @throws what connecting throws */
  async testConnection(): Promise<{ user: string; database: string; versionId: string | undefined }> {
    const client = await this.connect();
    try {
      const { rows } = await client.query('SELECT current_user AS user, current_database() AS database');
      return { ...rows[0], versionId: versionOf.get(client) };
    } finally {
      client.release();
    }
  }

  /**
   * Connecting is tried again only where the login was refused, when no statement can have run: first with a newer
   * value, then, for a bounded time, until the value moves or the server has it.
   */
  async #connectHealing(): Promise<pg.PoolClient> {
    const deadline = this.#now() + (this.#own.healMilliseconds ?? 5_000);
    let pause = FIRST_PAUSE_MILLISECONDS;
    for (;;) {
      const login = await this.#useNewest();
      try {
        return await this.#checkOut();
      } catch (error) {
        if (!isRefusedLogin(error)) throw error;
        this.#observe('connection-retried', error);
        const newest = await this.#provider.refetch(this.#secretId, {
          seenVersionId: login.versionId,
          reason: error.code,
          // Within the bounded time the value is asked for as often as the login is tried.
          cooldownMilliseconds: FIRST_PAUSE_MILLISECONDS,
        });
        const pending = newest.changed ? undefined : await this.#connectPending(login);
        if (pending) return pending;
        // The first newer value is always tried; beyond that, time decides.
        const isOver = this.#now() + pause > deadline;
        if (isOver && !(newest.changed && pause === FIRST_PAUSE_MILLISECONDS)) throw error;
        if (!newest.changed) await new Promise((resolve) => setTimeout(resolve, pause));
        pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS);
      }
    }
  }

  /** Sets the login for connections from now on; those of an older version that rest are closed. */
  async #useNewest(): Promise<DatabaseConfig> {
    const { value, versionId } = await this.#provider.getVersioned<unknown>(this.#secretId, { transform: 'json' });
    if (this.#login?.versionId === versionId && this.#login !== undefined) return this.#login;
    const older = this.#login;
    this.#login = toDatabaseConfig(this.#secretId, value, versionId);
    this.#useLogin(this.#login);
    if (older) {
      this.#provider.observe({ event: 'connections-drained', secretId: this.#secretId, count: this.totalCount });
      this.#closeIdle();
    }
    return this.#login;
  }

  /** The pool reads its options anew for each connection that it makes. */
  #useLogin({ host, port, database, user, password, tls, versionId }: DatabaseConfig): void {
    const own = this.#own;
    Object.assign(this.options, {
      host: own.host ?? host,
      port: own.port ?? port,
      database: own.database ?? database,
      ssl: own.ssl ?? databaseTls(tls),
      user,
      password,
      versionId,
    });
  }

  /** A connection that works. One that does not tells that the others, which rested as long, may not either. */
  async #checkOut(): Promise<pg.PoolClient> {
    for (;;) {
      if (this.idleCount > 0) await hearSockets();
      const client = await this.#checkOutOnce();
      const restingSince = this.#restingSince.get(client);
      const mayRest = this.#own.pingAfterIdleMilliseconds ?? 500;
      if (restingSince === undefined || this.#now() - restingSince < mayRest) return client;
      try {
        await client.query({ text: 'SELECT 1', query_timeout: PING_TIMEOUT_MILLISECONDS } as pg.QueryConfig);
        return client;
      } catch (error) {
        this.#observe('connection-lost', error);
        client.release(true);
        this.#closeIdle();
      }
    }
  }

  async #checkOutOnce(): Promise<pg.PoolClient> {
    const client = await super.connect();
    const release = client.release;
    client.release = (error) => {
      this.#restingSince.set(client, this.#now());
      release(error ?? (versionOf.get(client) === this.#login?.versionId ? undefined : true));
    };
    return client;
  }

  /** Each is taken and given back to be closed: the pool hands out what rests before it makes anything new. */
  #closeIdle(): void {
    for (let left = this.idleCount; left > 0; left -= 1) {
      super.connect().then(
        (client) => client.release(true),
        (error) => this.#observe('connection-lost', error),
      );
    }
  }

  /** In a single-user rotation the target already has AWSPENDING while AWSCURRENT is older. */
  async #connectPending(login: DatabaseConfig): Promise<pg.PoolClient | undefined> {
    if (!this.#own.tryPending) return undefined;
    const pending = await this.#provider
      .getVersioned<unknown>(this.#secretId, { transform: 'json', forceFetch: true, stage: 'AWSPENDING' })
      // No candidate, or no right to read it: the provider has observed it, and the refused login is what the caller sees.
      .catch(() => undefined);
    if (!pending || pending.versionId === login.versionId) return undefined;
    this.#useLogin(toDatabaseConfig(this.#secretId, pending.value, pending.versionId));
    // The pool has read its options when this returns, if it has room: others go on with the current login.
    const connecting = this.#checkOutOnce();
    this.#useLogin(this.#login ?? login);
    try {
      const client = await connecting;
      if (versionOf.get(client) === pending.versionId) {
        this.#provider.observe({ event: 'pending-used', secretId: this.#secretId });
      }
      return client;
    } catch (error) {
      if (isRefusedLogin(error)) return undefined;
      throw error;
    }
  }

  #observe(event: 'connection-retried' | 'connection-lost', error: unknown): void {
    const { code, name } = error as { code?: string; name?: string };
    this.#provider.observe({ event, secretId: this.#secretId, error: code ?? name ?? 'unknown' });
  }
}

/**
 * What the server said to resting connections while the environment was frozen is heard before one is handed out. The
 * first immediate may still belong to the turn of the event loop that the freeze came into.
 */
async function hearSockets(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** The login was refused: wrong password, unknown role, or a proxy that has no credentials for it. Nothing has run yet. */
function isRefusedLogin(error: unknown): error is Error & { code: string } {
  return error instanceof Error && judgePostgres(error) === 'refused';
}
