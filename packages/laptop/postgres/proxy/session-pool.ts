import { Socket } from 'node:net';
import pg from 'pg';
import { type Clock, sleep } from '../../clock.ts';
import { FrameReader, frame } from '../frames.ts';

/** How long an unused session stays open. */
const IDLE_MILLISECONDS = 5 * 60_000;
const RETRY_MILLISECONDS = 100;

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
}

export interface PoolConfiguration {
  target(): Target | undefined;
  /** The proxy's own address: the database sees the proxy, not its clients. */
  readonly localAddress: string;
  readonly clock: Clock;
  initQuery(): string | undefined;
  /** Sessions do not carry `ALTER ROLE … SET role`. */
  readonly losesRoleSettings: boolean;
  borrowTimeoutSeconds(): number;
}

/** A session with the database, logged in, at rest. */
export interface Session {
  readonly user: string;
  readonly database: string;
  readonly socket: Socket;
  readonly parameters: ReadonlyMap<string, string>;
  readonly processId: number;
  readonly secretKey: number;
}

interface Waiting {
  readonly session: Session;
  /** It is no longer at rest. */
  wake(): void;
}

/** Nothing answers at the target: the borrower may wait. */
const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', '57P01', '57P02', '57P03', '53300']);

export class BorrowTimeout extends Error {
  readonly code = '08006';
  constructor(cause: unknown) {
    super('Timed-out waiting to acquire database connection', { cause });
  }
}

/** Keeps sessions open after their clients have gone, and gives them to the next client of the same login and database. */
export class SessionPool {
  readonly #configuration: PoolConfiguration;
  readonly #idle = new Map<string, Waiting[]>();
  readonly #all = new Set<Session>();

  constructor(configuration: PoolConfiguration) {
    this.#configuration = configuration;
  }

  get open(): number {
    return this.#all.size;
  }

  /** An idle session, whatever password it was opened with, or a new one with this password. */
  async borrow(user: string, database: string, password: string): Promise<Session> {
    const waiting = this.#idle.get(key(user, database)) ?? [];
    for (let entry = waiting.pop(); entry; entry = waiting.pop()) {
      entry.wake();
      if (!entry.session.socket.destroyed && entry.session.socket.readable) return entry.session;
    }
    const { clock, borrowTimeoutSeconds } = this.#configuration;
    const deadline = clock.now().getTime() + borrowTimeoutSeconds() * 1_000;
    for (;;) {
      try {
        return await this.#connect(user, database, password);
      } catch (error) {
        if (!unreachable(error)) throw error;
        if (clock.now().getTime() + RETRY_MILLISECONDS > deadline) throw new BorrowTimeout(error);
        await sleep(clock, RETRY_MILLISECONDS);
      }
    }
  }

  /** Tries a login once, without the pool: for the health of a target. */
  async probe(user: string, password: string): Promise<void> {
    const session = await this.#connect(user, 'postgres', password);
    session.socket.end(frame('X'));
  }

  async #connect(user: string, database: string, password: string): Promise<Session> {
    const { localAddress } = this.#configuration;
    const target = this.#configuration.target();
    if (!target) throw Object.assign(new Error('the proxy has no target'), { code: 'ECONNREFUSED' });
    const { host, port, caPem: ca } = target;
    const client = new pg.Client({
      host,
      port,
      user,
      database,
      password,
      ssl: { ca },
      stream: () => socketFrom(localAddress),
    });
    const { connection } = client as unknown as { connection: pg.Connection };
    const parameters = new Map<string, string>();
    const onParameter = ({ parameterName, parameterValue }: { parameterName: string; parameterValue: string }) =>
      void parameters.set(parameterName, parameterValue);
    connection.on('parameterStatus' as 'end', onParameter as () => void);
    client.on('error', () => undefined); // the session's end is seen on its socket
    try {
      await client.connect();
      for (const statement of this.#preparation()) await client.query(statement);
    } catch (error) {
      client.end().catch(() => undefined);
      throw error;
    }
    return this.#takeOver(client, { user, database, parameters });
  }

  /** From here on the session's bytes are read by the client that borrows it, not by the client that logged in. */
  #takeOver(client: pg.Client, known: Pick<Session, 'user' | 'database' | 'parameters'>): Session {
    const { connection, processID, secretKey } = client as unknown as {
      connection: pg.Connection & { removeAllListeners(): void };
      processID: number;
      secretKey: number;
    };
    const socket = connection.stream as Socket;
    connection.removeAllListeners();
    connection.on('error' as 'end', () => undefined);
    socket.removeAllListeners('data');
    socket.pause();
    const session: Session = { ...known, socket, processId: processID, secretKey };
    this.#all.add(session);
    socket.once('close', () => this.#all.delete(session));
    return session;
  }

  #preparation(): string[] {
    const initQuery = this.#configuration.initQuery();
    return [...(this.#configuration.losesRoleSettings ? ['SET ROLE NONE'] : []), ...(initQuery ? [initQuery] : [])];
  }

  /** Runs a statement on a session at rest. */
  run(session: Session, statement: string): Promise<void> {
    return simpleQuery(session.socket, statement);
  }

  /** Wipes what the client left behind and keeps the session; one that cannot be wiped is closed. */
  async giveBack(session: Session, transaction: 'I' | 'T' | 'E'): Promise<void> {
    const statements = [...(transaction === 'I' ? [] : ['ROLLBACK']), 'DISCARD ALL', ...this.#preparation()];
    try {
      for (const statement of statements) await simpleQuery(session.socket, statement);
    } catch {
      session.socket.destroy();
      return;
    }
    const waiting = this.#idle.get(key(session.user, session.database)) ?? [];
    this.#idle.set(key(session.user, session.database), waiting);
    const { socket } = session;
    const timer = this.#configuration.clock.after(IDLE_MILLISECONDS, () => socket.end(frame('X')));
    const forget = () => {
      entry.wake();
      const index = waiting.indexOf(entry);
      if (index >= 0) waiting.splice(index, 1);
    };
    const entry: Waiting = {
      session,
      wake() {
        timer.cancel();
        socket.off('close', forget).off('end', forget);
      },
    };
    waiting.push(entry);
    socket.on('close', forget).on('end', forget);
    // An idle session has nothing to say; reading is how its end is noticed.
    socket.resume();
  }

  closeAll(): void {
    for (const waiting of this.#idle.values()) for (const { wake } of waiting) wake();
    this.#idle.clear();
    for (const { socket } of this.#all) socket.destroy();
  }
}

const key = (user: string, database: string) => JSON.stringify([user, database]);

export function unreachable(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return UNREACHABLE.has(code ?? '') || /Connection terminated|disconnected before secure/.test(message ?? '');
}

/** pg calls connect(port, host) on the socket that it is given. */
function socketFrom(localAddress: string): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket);
  socket.connect = ((port: number, host: string) =>
    connect({ port, host, localAddress, noDelay: true })) as Socket['connect'];
  return socket;
}

function simpleQuery(socket: Socket, statement: string): Promise<void> {
  const reader = new FrameReader();
  return new Promise((resolve, reject) => {
    let failed = false;
    const settle = (error?: Error) => {
      socket.pause();
      socket.off('data', onData).off('close', onClose);
      if (error) reject(error);
      else resolve();
    };
    const onClose = () => settle(new Error('the database ended the session'));
    const onData = (chunk: Buffer) => {
      for (const { type } of reader.push(chunk)) {
        if (type === 'E') failed = true;
        if (type === 'Z') return settle(failed ? new Error(`the database refused: ${statement}`) : undefined);
      }
    };
    if (socket.destroyed) return reject(new Error('the session has ended'));
    socket.on('data', onData).on('close', onClose);
    socket.resume();
    socket.write(frame('Q', statement));
  });
}
