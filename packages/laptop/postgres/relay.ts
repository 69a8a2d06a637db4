import { connect, createServer, type Server, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { Certificate } from './certificates.ts';
import { Conversation, type Ending } from './conversation.ts';
import { type Frame, readText } from './frames.ts';
import { receive, type Startup, secureContext, turnAway } from './front-door.ts';
import { type InjectedFault, type RelayFault, RelayFaults } from './relay-faults.ts';
import { withoutPasswords } from './statements.ts';

const RECORDED = 10_000;

export interface RecordedConnection {
  readonly at: Date;
  readonly user: string;
  readonly database: string;
  readonly applicationName: string;
  readonly encrypted: boolean;
  /** SQLSTATE of the refusal; `undefined` while it is open or when it was admitted. */
  refusedWith?: string;
  admitted: boolean;
  closedAt?: Date;
}

export interface RecordedStatement {
  readonly at: Date;
  readonly user: string;
  readonly database: string;
  readonly applicationName: string;
  /** Without the values of passwords. */
  readonly text: string;
}

/** One endpoint as tests and people see it. */
export interface Relay {
  readonly host: string;
  readonly port: number;
  /** The oldest are forgotten beyond ten thousand. */
  readonly connections: readonly RecordedConnection[];
  readonly statements: readonly RecordedStatement[];
  inject(fault: RelayFault): InjectedFault;
  clearFaults(): void;
  /** While down every open connection is cut and every new one closed at once, as when the host is gone. */
  setDown(down: boolean): void;
  readonly down: boolean;
  /** Ends every open connection. */
  cutAll(): void;
  forget(): void;
  close(): Promise<void>;
}

export interface RelayOptions {
  readonly host: string;
  readonly port?: number;
  readonly certificate: Certificate;
  readonly clock: Clock;
  /** As `rds.force_ssl`: a login without TLS is refused in the server's words. */
  readonly forceTls?: boolean;
}

export interface InstanceRelayOptions extends RelayOptions {
  readonly upstream: { host: string; port: number };
  /** A read replica's stand-in: sessions begin with `default_transaction_read_only`. */
  readonly readOnly?: boolean;
}

/** What a door does with a visitor that may come in. `undefined` ends it. */
export type Admit = (visit: {
  stream: Socket;
  startup: Startup;
  record: RecordedConnection;
  relay: RelayDoor;
}) => Promise<Ending | undefined>;

/** Listens, ends TLS, records, and lets faults strike; what is behind is `admit`'s affair. */
export class RelayDoor implements Relay {
  readonly host: string;
  port = 0;
  readonly clock: Clock;
  readonly faults = new RelayFaults();
  connections: RecordedConnection[] = [];
  statements: RecordedStatement[] = [];
  down = false;
  readonly #server: Server;
  readonly #context: SecureContext;
  readonly #sockets = new Set<Socket>();
  readonly #forceTls: boolean;
  readonly #admit: Admit;
  readonly #cancel: (raw: Buffer) => void;

  constructor(options: RelayOptions, admit: Admit, cancel: (raw: Buffer) => void) {
    this.host = options.host;
    this.clock = options.clock;
    this.#forceTls = options.forceTls ?? true;
    this.#context = secureContext(options.certificate);
    this.#admit = admit;
    this.#cancel = cancel;
    this.#server = createServer({ noDelay: true, pauseOnConnect: false }, (socket) => void this.#visit(socket));
  }

  listen(port = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, this.host, () => {
        this.port = (this.#server.address() as { port: number }).port;
        resolve();
      });
    });
  }

  async #visit(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
    if (this.down) return void socket.destroy();
    let record: RecordedConnection | undefined;
    try {
      const { stream, first, encrypted } = await receive(socket, this.#context);
      stream.on('error', () => stream.destroy());
      if (first.kind === 'cancel') {
        socket.destroy();
        return this.#cancel(first.raw);
      }
      record = this.#record(first, encrypted);
      if (!this.#letIn(stream, record)) return;
      await this.#admit({ stream, startup: first, record, relay: this });
    } catch {
      socket.destroy(); // A visitor that talks nonsense or leaves is no news.
    } finally {
      if (record) record.closedAt = this.clock.now();
    }
  }

  #record(startup: Startup, encrypted: boolean): RecordedConnection {
    const { user = '', database, application_name: applicationName = '' } = startup.parameters;
    const record = { at: this.clock.now(), user, database: database ?? user, applicationName, encrypted };
    return keep(this.connections, { ...record, admitted: false });
  }

  #letIn(stream: Socket, record: RecordedConnection): boolean {
    const fault = this.faults.forConnection(record.user);
    const { user, database, encrypted } = record;
    const unencrypted = this.#forceTls &&
      !encrypted && {
        code: '28000',
        message: `no pg_hba.conf entry for host "${stream.remoteAddress}", user "${user}", database "${database}", no encryption`,
      };
    const refusal = fault ? fault.error : unencrypted || undefined;
    if (!fault && !refusal) return true;
    record.refusedWith = refusal?.code ?? 'closed';
    if (refusal) turnAway(stream, refusal);
    else stream.destroy();
    return false;
  }

  noteStatement(record: RecordedConnection, text: string): void {
    const { user, database, applicationName } = record;
    keep(this.statements, { at: this.clock.now(), user, database, applicationName, text: withoutPasswords(text) });
  }

  inject(fault: RelayFault): InjectedFault {
    return this.faults.inject(fault);
  }

  clearFaults(): void {
    this.faults.clear();
  }

  setDown(down: boolean): void {
    this.down = down;
    if (down) this.cutAll();
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  forget(): void {
    this.connections = [];
    this.statements = [];
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.cutAll();
    });
  }
}

function keep<Entry>(entries: Entry[], entry: Entry): Entry {
  entries.push(entry);
  if (entries.length > RECORDED) entries.shift();
  return entry;
}

/** The endpoint of a database instance: the login goes through to the server, which knows the passwords. */
export async function startInstanceRelay(options: InstanceRelayOptions): Promise<Relay> {
  const { upstream } = options;
  const admit: Admit = async ({ stream, startup, record, relay }) => {
    const database = await connectFrom(stream.remoteAddress, upstream);
    database.write(options.readOnly ? readOnlyStartup(startup) : startup.raw);
    const conversation = new Conversation({
      client: stream,
      database,
      user: record.user,
      clock: options.clock,
      faults: relay.faults,
      authenticating: true,
      onStatement: (text) => relay.noteStatement(record, text),
      onAuthenticated: (refusal) => {
        if (refusal) record.refusedWith = sqlState(refusal);
        else record.admitted = true;
      },
    });
    return conversation.run();
  };
  const cancel = (raw: Buffer) => {
    const socket = connect(upstream, () => socket.end(raw));
    socket.on('error', () => socket.destroy());
  };
  const door = new RelayDoor(options, admit, cancel);
  await door.listen(options.port);
  return door;
}

/** The server sees the client's own loopback address: pg_stat_activity distinguishes a proxy from an application. */
export function connectFrom(address: string | undefined, to: { host: string; port: number }): Promise<Socket> {
  const localAddress = address?.startsWith('127.') ? address : undefined;
  return new Promise((resolve, reject) => {
    const socket = connect({ ...to, localAddress, noDelay: true }, () => {
      socket.off('error', reject).pause();
      resolve(socket);
    });
    socket.once('error', reject);
  });
}

function readOnlyStartup({ parameters }: Startup): Buffer {
  const options = `${parameters.options ?? ''} -c default_transaction_read_only=on`.trim();
  const words = Object.entries({ ...parameters, options }).flat();
  const body = Buffer.from(`${words.join('\0')}\0\0`);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8, 0);
  head.writeUInt32BE(3 << 16, 4);
  return Buffer.concat([head, body]);
}

function sqlState({ body }: Frame): string {
  for (let at = 0; body[at]; ) {
    const field = String.fromCharCode(body[at]!);
    const { text, next } = readText(body, at + 1);
    if (field === 'C') return text;
    at = next;
  }
  return 'XX000';
}
