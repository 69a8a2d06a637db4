import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeOnce } from './make-once.ts';

/**
 * LAPTOP_POSTGRES_DATA names a folder that keeps what initdb has made, for the servers that are started after: for a run
 * of the tests, which starts dozens. The process that sets it empties it. A server of another version has another one there.
 */
const kept = process.env.LAPTOP_POSTGRES_DATA;

export interface DataFolder {
  readonly initdb: string;
  /** `18.4` */
  readonly version: string;
  readonly superuser: string;
  /** Where the data are to lie; its parent belongs to the account. */
  readonly data: string;
  readonly account: { readonly uid: number; readonly gid: number } | undefined;
}

/** Makes the data of a new server, with nothing in them. */
export async function initialise(folder: DataFolder): Promise<void> {
  const place = kept && join(kept, folder.version);
  if (place && existsSync(place)) return copy(place, folder.data);
  const { initdb, data, superuser, account } = folder;
  const parameters = ['-D', data, '-U', superuser, '-E', 'UTF8', '--locale=C', '--auth=reject', '--no-sync'];
  await run(initdb, parameters, account);
  if (!place) return;
  await mkdir(dirname(place), { recursive: true, mode: 0o700 });
  await makeOnce(place, (draft) => copy(data, draft));
}

/** With owners and modes, which PostgreSQL insists on and Node's own copy leaves out. */
const copy = (from: string, to: string) => run('cp', ['-Rp', from, to], undefined);

function run(program: string, parameters: readonly string[], account: DataFolder['account']): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, {
      ...account,
      cwd: '/',
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaints = '';
    child.stderr.on('data', (chunk) => {
      complaints += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}: ${complaints.trim()}`)),
    );
  });
}
