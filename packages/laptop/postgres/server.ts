import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import pg from 'pg';
import { findBinaries, type Programs } from './binaries.ts';
import { type CertificateAuthority, createCertificateAuthority } from './certificates.ts';
import { initialise } from './data-folder.ts';
import { createRdsRoles } from './rds-roles.ts';
import { computeScramVerifier, formatScramVerifier } from './scram.ts';
import { makeFolders, type ServerFolders } from './server-folders.ts';
import { startWrapped, type WrappedServer } from './wrapper.ts';

/** The cloud's own superuser, as on RDS; only this process logs in as it, by the socket. */
const SUPERUSER = 'rdsadmin';
const START_ATTEMPTS = 3;

export interface PostgresOptions {
  /** Where the data may live; a folder of its own is made inside it and removed when the server stops. */
  readonly directory: string;
  /** Shown as `cluster_name`: distinguishes servers in process lists and logs. */
  readonly clusterName?: string;
  /** `all` writes every statement to the log. */
  readonly logStatement?: 'none' | 'ddl' | 'mod' | 'all';
  /** Signs the server's certificate; one of its own is made where none is given. */
  readonly authority?: CertificateAuthority;
  readonly log?: (line: string) => void;
  /** The major version a caller relies on; another one is refused. */
  readonly version?: string;
  /** Another server than the installed package's. */
  readonly programs?: Programs;
  /** Further settings of the server, by name: `{ wal_level: 'logical' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface PostgresServer {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** `18.4`: what really runs. */
  readonly version: string;
  /** The authority that signed the server's certificate: what a verifying client needs. */
  readonly caPem: string;
  /** How this process logs in as superuser, over the socket in a folder that only this user may enter. */
  readonly superuser: Readonly<{ host: string; port: number; user: string; database: string; options: string }>;
  /** Runs one statement as superuser. */
  query<Row extends pg.QueryResultRow = any>(
    statement: string,
    values?: unknown[],
    database?: string,
  ): Promise<pg.QueryResult<Row>>;
  /** What RDS gives as administrator: CREATEROLE and CREATEDB, not SUPERUSER. The password goes over as a verifier. */
  createAdministrator(administrator: { user: string; password: string }): Promise<void>;
  /** Replaces a login's password by a verifier computed here. */
  setPassword(user: string, password: string): Promise<void>;
  createDatabase(name: string, options?: { owner?: string; template?: string }): Promise<void>;
  dropDatabase(name: string): Promise<void>;
  /** Everything the server has logged so far. */
  log(): string;
  /** Resolves when the server has gone, asked to or not. */
  readonly stopped: Promise<void>;
  /** Stops the server and removes its data. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL server of this run's own on a free port of 127.0.0.1. It dies with this process, however that dies,
 * and takes its data along. Certificate: 127.0.0.1 and localhost.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  if (process.platform === 'win32') {
    throw new Error(
      'PostgreSQL under a wrapper needs a POSIX shell: use Linux, macOS or the Windows Subsystem for Linux.',
    );
  }
  const account = process.getuid?.() === 0 ? unprivilegedAccount() : undefined;
  const binaries = await findBinaries(account, options.programs);
  if (options.version && options.version.split('.')[0] !== binaries.version.split('.')[0]) {
    throw new Error(`PostgreSQL ${options.version} was asked for; the installed package holds ${binaries.version}.`);
  }
  const authority = options.authority ?? (await createCertificateAuthority('Laptop PostgreSQL CA'));
  const certificate = await authority.issue({ hosts: ['127.0.0.1', 'localhost'] });
  const folders = await makeFolders(options.directory, account);
  try {
    const { initdb, version } = binaries;
    await initialise({ initdb, version, superuser: SUPERUSER, data: folders.data, account });
    await folders.writeConfiguration({
      certificate,
      superuser: SUPERUSER,
      major: Number.parseInt(version, 10),
    });
    const { wrapped, port } = await startOnFreePort(binaries.postgres, folders, options, account);
    return await opened({ wrapped, port, folders, version: binaries.version, caPem: authority.certificatePem });
  } catch (error) {
    await folders.remove();
    throw error;
  }
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root, and initdb wants an account that has a name: nobody. */
function unprivilegedAccount(): Account {
  const row = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'nobody');
  if (!row) throw new Error('PostgreSQL does not run as root, and /etc/passwd has no account "nobody" to run it as.');
  return { uid: Number(row[2]), gid: Number(row[3]) };
}

/** PostgreSQL cannot choose a port itself, and another process may take the one we found before it does: then another one. */
async function startOnFreePort(
  postgres: string,
  folders: ServerFolders,
  options: PostgresOptions,
  account: Account | undefined,
): Promise<{ wrapped: WrappedServer; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const parameters = [
      '-D',
      folders.data,
      '-c',
      `port=${port}`,
      '-c',
      `log_statement=${options.logStatement ?? 'none'}`,
    ];
    for (const [name, value] of Object.entries(options.settings ?? {})) parameters.push('-c', `${name}=${value}`);
    if (options.clusterName) parameters.push('-c', `cluster_name=${options.clusterName.slice(0, 63)}`);
    const wrapped = startWrapped({ postgres, parameters, folders, account });
    try {
      await untilReady(wrapped, superuserOf(folders, port));
      return { wrapped, port };
    } catch (error) {
      const log = folders.readLog();
      await wrapped.stop();
      if (attempt === START_ATTEMPTS || !/could not bind/.test(log)) {
        throw new Error(`PostgreSQL did not start: ${log.slice(-1_000)}`, { cause: error });
      }
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

const superuserOf = (folders: ServerFolders, port: number) => ({
  host: folders.socket,
  port,
  user: SUPERUSER,
  database: 'postgres',
  // What the cloud does itself is not in the log that tests read.
  options: '-c log_statement=none',
});

async function untilReady(wrapped: WrappedServer, superuser: pg.ClientConfig): Promise<void> {
  const deadline = Date.now() + 20_000;
  let ended = false;
  void wrapped.stopped.then(() => {
    ended = true;
  });
  for (;;) {
    try {
      const client = new pg.Client(superuser);
      client.on('error', () => undefined); // connect() reports it
      await client.connect();
      return await client.end();
    } catch (error) {
      if (ended || Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function opened(started: {
  wrapped: WrappedServer;
  port: number;
  folders: ServerFolders;
  version: string;
  caPem: string;
}): Promise<PostgresServer> {
  const { wrapped, port, folders, version, caPem } = started;
  const superuser = superuserOf(folders, port);
  const query: PostgresServer['query'] = async (statement, values, database = 'postgres') => {
    const client = new pg.Client({ ...superuser, database });
    await client.connect();
    try {
      return await client.query(statement, values);
    } finally {
      await client.end();
    }
  };
  const major = Number.parseInt(version, 10);
  const { createAdministrator } = await createRdsRoles(query, major);
  const name = (identifier: string) => pg.escapeIdentifier(identifier);
  return {
    host: '127.0.0.1',
    port,
    version,
    caPem,
    superuser,
    query,
    createAdministrator,
    async setPassword(user, password) {
      const verifier = formatScramVerifier(await computeScramVerifier(password));
      await query(`ALTER ROLE ${name(user)} PASSWORD ${pg.escapeLiteral(verifier)}`);
    },
    async createDatabase(database, { owner, template = 'template1' } = {}) {
      const owned = owner ? `OWNER ${name(owner)} ` : '';
      // Before version 15 every copy was one of files.
      const strategy = major >= 15 ? ' STRATEGY FILE_COPY' : '';
      await query(`CREATE DATABASE ${name(database)} ${owned}TEMPLATE ${name(template)}${strategy}`);
    },
    async dropDatabase(database) {
      await query(`DROP DATABASE IF EXISTS ${name(database)} WITH (FORCE)`);
    },
    log: folders.readLog,
    stopped: wrapped.stopped,
    async stop() {
      await wrapped.stop();
      await folders.remove();
    },
  };
}
