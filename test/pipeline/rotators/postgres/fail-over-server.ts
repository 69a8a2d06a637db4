import { readFileSync } from 'node:fs';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { findBinaries } from '../../../../packages/laptop/postgres/binaries.ts';
import { createCertificateAuthority } from '../../../../packages/laptop/postgres/certificates.ts';
import { initialise } from '../../../../packages/laptop/postgres/data-folder.ts';
import { createRdsRoles } from '../../../../packages/laptop/postgres/rds-roles.ts';
import { computeScramVerifier, formatScramVerifier } from '../../../../packages/laptop/postgres/scram.ts';
import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';
import { makeFolders } from '../../../../packages/laptop/postgres/server-folders.ts';
import { startWrapped, type WrappedServer } from '../../../../packages/laptop/postgres/wrapper.ts';

const SUPERUSER = 'rdsadmin';
/** What streaming to a standby takes; the laptop's own servers have none. */
const settings = ['wal_level=replica', 'hot_standby=on', 'log_statement=all'];

export interface FailOverServer
  extends Pick<PostgresServer, Exclude<keyof PostgresServer, 'version' | 'stopped' | 'dropDatabase'>> {
  /** Stops the server and starts it again on the same port, in recovery: what consumers meet after a fail-over. */
  demote(): Promise<void>;
  /** Ends the recovery, as RDS does when the standby takes over. */
  promote(): Promise<void>;
  /** Stops the server and leaves its port closed. */
  shutDown(): Promise<void>;
  start(): Promise<void>;
}

/** A real PostgreSQL server that becomes a standby and is promoted again, with the same data, port and certificate. */
export async function startFailOverServer(): Promise<FailOverServer> {
  const account = process.getuid?.() === 0 ? accountOf('nobody') : undefined;
  const directory = await mkdtemp(join(tmpdir(), 'fail-over-'));
  const folders = await makeFolders(directory, account);
  const { initdb, postgres, version } = await findBinaries(account);
  await initialise({ initdb, version, superuser: SUPERUSER, data: folders.data, account });
  const authority = await createCertificateAuthority('Fail-over CA');
  const certificate = await authority.issue({ hosts: ['127.0.0.1', 'localhost'] });
  await folders.writeConfiguration({ certificate, superuser: SUPERUSER, major: 18 });
  const port = await freePort();
  const superuser = {
    host: folders.socket,
    port,
    user: SUPERUSER,
    database: 'postgres',
    options: '-c log_statement=none',
  };
  let running: WrappedServer | undefined;

  const query: PostgresServer['query'] = async (statement, values, database = 'postgres') => {
    const client = new pg.Client({ ...superuser, database });
    client.on('error', () => undefined);
    await client.connect();
    return client.query(statement, values).finally(() => client.end());
  };
  const start = async () => {
    const parameters = ['-D', folders.data, ...[`port=${port}`, ...settings].flatMap((one) => ['-c', one])];
    running = startWrapped({ postgres, parameters, folders, account });
    await until('the server answers', () => query('SELECT 1'), folders.readLog);
  };
  const shutDown = async () => {
    const [pid] = readFileSync(join(folders.data, 'postmaster.pid'), 'utf8').split('\n');
    // Fast: sessions are ended with 57P01, and a checkpoint is written.
    process.kill(Number(pid), 'SIGINT');
    await running?.stopped;
  };
  await start();
  const { createAdministrator } = await createRdsRoles(query, 18);
  return {
    host: '127.0.0.1',
    port,
    caPem: authority.certificatePem,
    superuser,
    query,
    createAdministrator,
    start,
    shutDown,
    log: folders.readLog,
    async setPassword(user, password) {
      const verifier = formatScramVerifier(await computeScramVerifier(password));
      await query(`ALTER ROLE ${pg.escapeIdentifier(user)} PASSWORD ${pg.escapeLiteral(verifier)}`);
    },
    async createDatabase(name, { owner } = {}) {
      await query(`CREATE DATABASE ${pg.escapeIdentifier(name)} ${owner ? `OWNER ${pg.escapeIdentifier(owner)}` : ''}`);
    },
    async demote() {
      await shutDown();
      const signal = join(folders.data, 'standby.signal');
      await writeFile(signal, '', { mode: 0o600 });
      if (account) await chown(signal, account.uid, account.gid);
      await start();
    },
    async promote() {
      await query('SELECT pg_promote(true, 60)');
    },
    async stop() {
      await running?.stop();
      await folders.remove();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function until(what: string, look: () => Promise<unknown>, log: () => string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      await look();
      return;
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(`${what}: not within 30 seconds. ${log().slice(-1_000)}`, { cause: error });
      await wait(50);
    }
  }
}

/** PostgreSQL does not run as root. */
function accountOf(name: string): { uid: number; gid: number } {
  const row = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([one]) => one === name);
  if (!row) throw new Error(`/etc/passwd has no account ${name} to run PostgreSQL as.`);
  return { uid: Number(row[2]), gid: Number(row[3]) };
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
