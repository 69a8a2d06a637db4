import { connect } from 'node:net';
import pg from 'pg';
import type { Clock } from '../../clock.ts';
import type { Certificate } from '../certificates.ts';
import { Conversation } from '../conversation.ts';
import { frame, int32, readyFrame, type ServerError } from '../frames.ts';
import { type Startup, turnAway } from '../front-door.ts';
import { type Admit, type RecordedConnection, type Relay, RelayDoor } from '../relay.ts';
import type { ScramVerifier } from '../scram.ts';
import { checkMd5, checkScram } from './client-login.ts';
import { type Session, SessionPool, type Target, unreachable } from './session-pool.ts';

/** What a proxy knows of one registered login, as it last read it from its secret. */
export interface RegisteredLogin {
  readonly user: string;
  readonly password: string;
  readonly verifier: ScramVerifier;
  readonly clientAuthentication: 'POSTGRES_SCRAM_SHA_256' | 'POSTGRES_MD5';
}

export interface ProxyOptions {
  readonly host: string;
  readonly port?: number;
  readonly certificate: Certificate;
  readonly clock: Clock;
  readonly losesRoleSettings: boolean;
  requireTls(): boolean;
  initQuery(): string | undefined;
  borrowTimeoutSeconds(): number;
  target(): Target | undefined;
  /** By user name; `undefined` when no registered secret names it. */
  login(user: string): Promise<RegisteredLogin | undefined>;
  logins(): Promise<RegisteredLogin[]>;
}

export type Health =
  | { State: 'AVAILABLE' }
  | { State: 'REGISTERING'; Description: string }
  | { State: 'UNAVAILABLE'; Reason: 'AUTH_FAILURE' | 'UNREACHABLE' | 'CONNECTION_FAILED'; Description: string };

/** An endpoint that logs clients in by itself and keeps sessions of its own with the database, as RDS Proxy does. */
export interface DatabaseProxy {
  readonly relay: Relay;
  /** Sessions with the database, in use or at rest. */
  readonly openSessions: number;
  health(): Promise<Health>;
  /** Ends pooled sessions: a changed target or configuration reaches the next client. */
  dropSessions(): void;
  close(): Promise<void>;
}

/** https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.troubleshooting.html */
const refusals = {
  tls: { code: '28000', message: 'This RDS Proxy requires TLS connections' },
  unknown: (user: string): ServerError => ({
    code: '28000',
    message: `This RDS proxy has no credentials for the role ${user}. Check the credentials for this role and try again.`,
  }),
  wrong: (user: string): ServerError => ({
    code: '28P01',
    message: `The password that was provided for the role ${user} is wrong.`,
  }),
};

export async function startProxy(options: ProxyOptions): Promise<DatabaseProxy> {
  const pool = new SessionPool({ ...options, localAddress: options.host });
  const admit: Admit = async ({ stream, startup, record, relay }) => {
    const refuse = (error: ServerError): undefined => {
      record.refusedWith = error.code;
      turnAway(stream, error);
    };
    if (options.requireTls() && !record.encrypted) return refuse(refusals.tls);
    const login = await options.login(record.user);
    if (!login) return refuse(refusals.unknown(record.user));
    const right =
      login.clientAuthentication === 'POSTGRES_MD5'
        ? await checkMd5(stream, login.user, login.password)
        : await checkScram(stream, login.verifier);
    if (!right) return refuse(refusals.wrong(record.user));
    const session = await borrow(pool, startup, record, login).catch((error: ServerError) =>
      refuse({ code: error.code || '08006', message: error.message }),
    );
    if (!session) return undefined;
    record.admitted = true;
    stream.write(welcome(session));
    const ending = await new Conversation({
      client: stream,
      database: session.socket,
      user: record.user,
      clock: options.clock,
      faults: relay.faults,
      authenticating: false,
      onStatement: (text) => relay.noteStatement(record, text),
    }).run();
    if (ending.kind === 'client-left') await pool.giveBack(session, ending.transaction);
    return ending;
  };
  const cancel = (raw: Buffer) => {
    const target = options.target();
    if (!target) return;
    const socket = connect({ host: target.host, port: target.port }, () => socket.end(raw));
    socket.on('error', () => socket.destroy());
  };
  const relay = new RelayDoor({ ...options, forceTls: false }, admit, cancel);
  await relay.listen(options.port);
  return {
    relay,
    get openSessions() {
      return pool.open;
    },
    health: () => health(pool, options),
    dropSessions: () => pool.closeAll(),
    async close() {
      await relay.close();
      pool.closeAll();
    },
  };
}

async function borrow(
  pool: SessionPool,
  startup: Startup,
  record: RecordedConnection,
  login: RegisteredLogin,
): Promise<Session> {
  const session = await pool.borrow(login.user, record.database, login.password);
  // Of what a client asks for at its start only these reach a session that others have used before.
  for (const name of ['application_name', 'client_encoding']) {
    const value = startup.parameters[name];
    if (value) await pool.run(session, `SET ${name} = ${pg.escapeLiteral(value)}`);
  }
  return session;
}

function welcome(session: Session): Buffer {
  return Buffer.concat([
    frame('R', int32(0)),
    ...[...session.parameters].map(([name, value]) => frame('S', name, value)),
    frame('K', int32(session.processId), int32(session.secretKey)),
    readyFrame('I'),
  ]);
}

/** One registered login that gets in is enough; otherwise the reason of the first that does not. */
async function health(pool: SessionPool, options: ProxyOptions): Promise<Health> {
  if (!options.target()) return { State: 'REGISTERING', Description: 'The target has no endpoint yet.' };
  const logins = await options.logins();
  let worst: Health = {
    State: 'UNAVAILABLE',
    Reason: 'AUTH_FAILURE',
    Description: 'Proxy does not have any registered credentials',
  };
  for (const [index, { user, password }] of logins.entries()) {
    try {
      await pool.probe(user, password);
      return { State: 'AVAILABLE' };
    } catch (error) {
      if (index > 0) continue;
      worst = unreachable(error)
        ? {
            State: 'UNAVAILABLE',
            Reason: 'UNREACHABLE',
            Description: 'DBProxy Target unavailable: the database does not answer',
          }
        : {
            State: 'UNAVAILABLE',
            Reason: 'AUTH_FAILURE',
            Description: `Proxy cannot log in as ${user}: ${(error as Error).message}`,
          };
    }
  }
  return worst;
}
