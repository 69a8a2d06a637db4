import { existsSync, readFileSync } from 'node:fs';
import { appendFile, chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { elsewhereFile } from '../run-directory.ts';
import { reachableByAll } from './binaries.ts';
import type { Certificate } from './certificates.ts';

/** What sockaddr_un holds on the tightest system (macOS: 104 bytes), less the socket's own name. */
const LONGEST_SOCKET_FOLDER = 80;

export interface ServerFolders {
  readonly root: string;
  readonly data: string;
  readonly socket: string;
  readonly logFile: string;
  readLog(): string;
  writeConfiguration(options: { certificate: Certificate; superuser: string; major: number }): Promise<void>;
  remove(): Promise<void>;
}

/** Folders of one server, all closed to other users. A new name each time: nothing left over can be in the way. */
export async function makeFolders(
  directory: string,
  account: { uid: number; gid: number } | undefined,
): Promise<ServerFolders> {
  await mkdir(directory, { recursive: true });
  // A folder of root's that the server's account cannot enter: then beside the other temporary files.
  const parent = account && !(await reachableByAll(directory)) ? tmpdir() : directory;
  const root = await mkdtemp(join(parent, 'postgres-'));
  if (parent !== directory) await noteElsewhere(directory, root);
  const long = Buffer.byteLength(root) > LONGEST_SOCKET_FOLDER;
  const socket = long ? await mkdtemp(join(tmpdir(), 'pgs-')) : join(root, 's');
  if (long) await noteElsewhere(directory, socket);
  const data = join(root, 'data');
  const tls = join(root, 'tls');
  if (!long) await mkdir(socket, { mode: 0o700 });
  await mkdir(tls, { mode: 0o700 });
  const own = async (path: string) => account && (await chown(path, account.uid, account.gid));
  for (const path of [root, socket, tls]) await own(path);
  const logFile = join(root, 'log');
  const write = async (path: string, text: string) => {
    await writeFile(path, text, { mode: 0o600 });
    await chmod(path, 0o600);
    await own(path);
  };
  return {
    root,
    data,
    socket,
    logFile,
    // The log goes with the server's other files.
    readLog: () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''),
    async writeConfiguration({ certificate, superuser, major }) {
      await write(join(tls, 'server.crt'), certificate.certificatePem);
      await write(join(tls, 'server.key'), certificate.privateKeyPem);
      await write(join(data, 'postgresql.auto.conf'), configuration({ socket, tls, major }));
      await write(join(data, 'pg_hba.conf'), admission(superuser));
    },
    async remove() {
      await rm(root, { recursive: true, force: true });
      await rm(socket, { recursive: true, force: true });
    },
  };
}

/** For the run that sweeps up what a killed one left. */
const noteElsewhere = (directory: string, path: string) =>
  appendFile(elsewhereFile(directory), `${path}\n`, { mode: 0o600 });

/** Durability is switched off: the data never outlive the process. */
function configuration({ socket, tls, major }: { socket: string; tls: string; major: number }): string {
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
  const settings: Record<string, string> = {
    listen_addresses: quote('127.0.0.1'),
    unix_socket_directories: quote(socket),
    unix_socket_permissions: '0700',
    ssl: 'on',
    ssl_cert_file: quote(join(tls, 'server.crt')),
    ssl_key_file: quote(join(tls, 'server.key')),
    password_encryption: quote('scram-sha-256'),
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    wal_level: 'minimal',
    max_wal_senders: '0',
    shared_buffers: quote('32MB'),
    max_connections: '200',
    max_prepared_transactions: '10',
    timezone: quote('UTC'),
    log_timezone: quote('UTC'),
    // Before version 18 it is on or off.
    log_connections: major >= 18 ? quote('authorization') : 'on',
    log_line_prefix: quote('%m [%p] %q%u@%d %a '),
    log_error_verbosity: quote('default'),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

/** The superuser by the socket alone, everybody else by SCRAM; whether TLS is asked for is the endpoint's affair. */
function admission(superuser: string): string {
  return [
    `local all ${superuser} trust`,
    `host all ${superuser} 0.0.0.0/0 reject`,
    'local all all scram-sha-256',
    'host all all 127.0.0.0/8 scram-sha-256',
    '',
  ].join('\n');
}
