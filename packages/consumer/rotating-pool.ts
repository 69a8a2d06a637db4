import * as pg from 'pg';
import { judgePostgres } from './contracts/verdicts/postgres.ts';
import { sharedDatabaseTls } from './database-tls.ts';
import { defaultProvider, withPrefix } from './defaults.ts';
import { ConfigurationInvalidError } from './errors.ts';
import { type DatabaseLogin, toDatabaseLogin } from './read-config.ts';
import type { VersionedReader } from './versioned-reader.ts';

export interface RotatingPoolOptions extends Omit<pg.PoolConfig, 'user' | 'password' | 'connectionString'> {
  /** Name or ARN of a secret in AWS's database format. */
  readonly secretId: string;
  /** @default - the shared provider */
  readonly provider?: VersionedReader;
  /**
   * How long a new connection is tried again while its login is refused and AWSCURRENT has not moved. A single-user rotation
   * has such a window, and RDS Proxy takes up to 30 seconds to read a new password. 0 turns the retries off. @default 5000
   */
  readonly healMilliseconds?: number;
  /** Tries AWSPENDING last, which closes the window of a single-user rotation. The role must be allowed to read that stage. @default false */
  readonly tryPending?: boolean;
  /**
   * A connection that was idle for this time is tested before it is handed out, because the server may have closed it while
   * the environment was frozen. @default 500
   */
  readonly pingAfterIdleMilliseconds?: number;
  /** Milliseconds since 1970. @default - the system's time */
  readonly now?: () => number;
}

const PING_TIMEOUT_MILLISECONDS = 2_000;
const FIRST_PAUSE_MILLISECONDS = 25;
const LONGEST_PAUSE_MILLISECONDS = 500;

/** The login of each connection. */
const loginOf = new WeakMap<object, DatabaseLogin | undefined>();
type PoolConfig = pg.PoolConfig & { login?: DatabaseLogin };

/** A store without version ids gives no way to compare logins but the value that was read. */
const isSameLogin = (one: DatabaseLogin | undefined, other: DatabaseLogin | undefined) =>
  one === other || (one?.versionId !== undefined && one.versionId === other?.versionId);

/** Makes a client class that records the version of its login, because the pool may connect long after it was asked to. */
function recordingVersion(Client: new (config: PoolConfig) => pg.ClientBase): new () => pg.ClientBase {
  return class extends Client {
    constructor(config: PoolConfig = {}) {
      super(config);
      loginOf.set(this, config.login);
    }
  };
}

/**
 * A `pg.Pool` whose login is a rotating secret. Use it wherever a pool is expected. Each new connection uses the newest
 * login. Connections of an older login finish their work and are closed when they are released. A refused login is tried
 * again with a newer value. A statement that may have run is never tried again.
 *
 * @example
 * ```ts
 * import { RotatingPool } from '@keyturn/consumer/pool';
 *
 * const pool = new RotatingPool({ secretId: 'shop/database', max: 2 });
 *
 * export const handler = async () => {
 *   const { rows } = await pool.query<{ now: Date }>('SELECT now() AS now');
 *   return rows[0]?.now;
 * };
 * ```
 */
export class RotatingPool extends pg.Pool {
  readonly #options: RotatingPoolOptions;
  readonly #provider: VersionedReader;
  readonly #secretId: string;
  readonly #now: () => number;
  readonly #idleSince = new WeakMap<object, number>();
  #login: DatabaseLogin | undefined;
  #value: unknown;

  /** @throws ConfigurationMissingError | ConfigurationInvalidError */
  constructor(options: RotatingPoolOptions) {
    refuseLogin(options);
    const { secretId, provider, healMilliseconds, tryPending, pingAfterIdleMilliseconds, now, ...poolOptions } =
      options;
    const Client = recordingVersion((options.Client ?? pg.Client) as new (config: PoolConfig) => pg.ClientBase);
    // pg hides a password that the options name. The first connection sets the real one.
    super({ ...poolOptions, Client, password: '' });
    this.#options = options;
    this.#provider = provider ?? defaultProvider();
    this.#secretId = withPrefix(secretId);
    this.#now = now ?? Date.now;
    // The server may close an idle connection (retirement, fail-over). Without a listener that would end the process.
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

  /** Returns the version of the login of a connection of this pool. */
  versionOf(client: pg.PoolClient): string | undefined {
    return loginOf.get(client)?.versionId;
  }

  /** Logs in and returns the user. @throws what connecting throws */
  async testConnection(): Promise<{ user: string; database: string; versionId: string | undefined }> {
    const client = await this.connect();
    try {
      const { rows } = await client.query('SELECT current_user AS user, current_database() AS database');
      return { ...rows[0], versionId: this.versionOf(client) };
    } finally {
      client.release();
    }
  }

  /**
   * Connects, and tries a refused login again, since no statement can have run. The first try again is with a newer value.
   * Further tries go on for a bounded time, until the secret has a newer value or the server accepts this one.
   */
  async #connectHealing(): Promise<pg.PoolClient> {
    const { healMilliseconds = 5_000, connectionTimeoutMillis = 0 } = this.#options;
    // pg takes 0 for no limit. A caller that waits for a connection does not wait longer because it is tried again.
    const limit = connectionTimeoutMillis > 0 ? Math.min(healMilliseconds, connectionTimeoutMillis) : healMilliseconds;
    const deadline = this.#now() + limit;
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
          // Within the bounded time each try reads the value again.
          cooldownMilliseconds: FIRST_PAUSE_MILLISECONDS,
        });
        const pending = newest.changed ? undefined : await this.#connectPending(login);
        if (pending) return pending;
        // The first newer value is always tried. After that the time decides.
        const isOver = this.#now() + pause > deadline;
        if (isOver && !(newest.changed && pause === FIRST_PAUSE_MILLISECONDS)) throw error;
        if (!newest.changed) await new Promise((resolve) => setTimeout(resolve, pause));
        pause = Math.min(pause * 2, LONGEST_PAUSE_MILLISECONDS);
      }
    }
  }

  /** Sets the login of new connections, and closes idle connections of an older login. */
  async #useNewest(): Promise<DatabaseLogin> {
    const { value, versionId } = await this.#provider.getVersioned<unknown>(this.#secretId, { transform: 'json' });
    const older = this.#login;
    // The parsed object is the same for as long as a value is cached.
    if (older && (this.#value === value || (versionId !== undefined && older.versionId === versionId))) return older;
    this.#value = value;
    this.#login = toDatabaseLogin(this.#secretId, value, versionId);
    this.#useLogin(this.#login);
    if (older) {
      this.#provider.observe({ event: 'connections-drained', secretId: this.#secretId, count: this.totalCount });
      this.#closeIdle();
    }
    return this.#login;
  }

  /** The pool reads its options for each new connection. */
  #useLogin(login: DatabaseLogin): void {
    const { host, port, database, user, password, tls } = login;
    const own = this.#options;
    Object.assign(this.options, {
      host: own.host ?? host,
      port: own.port ?? port,
      database: own.database ?? database,
      ssl: own.ssl ?? sharedDatabaseTls(tls, own.host ?? host),
      user,
      password,
    });
    // Not enumerable, as pg's own `password`: a logger that prints the pool does not print it.
    Object.defineProperty(this.options, 'login', { value: login, enumerable: false, configurable: true });
  }

  /** Checks out a connection that works. If one does not work, the others were idle as long, so all idle ones are closed. */
  async #checkOut(): Promise<pg.PoolClient> {
    for (;;) {
      if (this.idleCount > 0) await readSocketEvents();
      const client = await this.#checkOutOnce();
      const idleSince = this.#idleSince.get(client);
      const mayBeIdle = this.#options.pingAfterIdleMilliseconds ?? 500;
      if (idleSince === undefined || this.#now() - idleSince < mayBeIdle) return client;
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
      this.#idleSince.set(client, this.#now());
      release(error ?? (isSameLogin(loginOf.get(client), this.#login) ? undefined : true));
    };
    return client;
  }

  /** Checks out each idle connection to close it. The pool hands out idle connections before it makes new ones. */
  #closeIdle(): void {
    for (let left = this.idleCount; left > 0; left -= 1) {
      super.connect().then(
        (client) => client.release(true),
        (error) => this.#observe('connection-lost', error),
      );
    }
  }

  /** Connects with AWSPENDING. In a single-user rotation the database has that password before AWSCURRENT moves. */
  async #connectPending(login: DatabaseLogin): Promise<pg.PoolClient | undefined> {
    if (!this.#options.tryPending) return undefined;
    const pending = await this.#provider
      .getVersioned<unknown>(this.#secretId, { transform: 'json', forceFetch: true, stage: 'AWSPENDING' })
      // There is no candidate, or no right to read it. The provider has observed that, and the caller gets the refused login.
      .catch(() => undefined);
    if (!pending || (pending.versionId !== undefined && pending.versionId === login.versionId)) return undefined;
    const candidate = toDatabaseLogin(this.#secretId, pending.value, pending.versionId);
    this.#useLogin(candidate);
    // If the pool has room, it has read its options when this returns. Other connections go on with the current login.
    const connecting = this.#checkOutOnce();
    this.#useLogin(this.#login ?? login);
    try {
      const client = await connecting;
      if (loginOf.get(client) === candidate) {
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

/** The compiler refuses these members. JavaScript does not, and pg would take them in place of the secret's. */
function refuseLogin(options: object): void {
  const given = ['connectionString', 'user', 'password'].filter((name) => Object.hasOwn(options, name));
  if (given.length === 0) return;
  throw new ConfigurationInvalidError(
    `RotatingPool takes its login from the secret: leave ${given.join(', ')} out. Other settings of a connection string are options of their own (host, port, database, ssl).`,
  );
}

/**
 * Lets Node process the sockets' events, so that connections which the server closed during a freeze are not handed out.
 * The first immediate may belong to the turn of the event loop in which the freeze came, so there are two.
 */
async function readSocketEvents(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** The login was refused: wrong password, unknown role, or a proxy that has no credentials for it. Nothing has run yet. */
function isRefusedLogin(error: unknown): error is Error & { code: string } {
  return error instanceof Error && judgePostgres(error) === 'refused';
}
