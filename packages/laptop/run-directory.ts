import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const PREFIX = 'aws-on-this-laptop-';
/** A socket that the run listens on as long as it lives: a process id may be another process's by now. */
const ALIVE = 'alive';
/** Names folders of the run that lie elsewhere, one a line. */
const ELSEWHERE = 'elsewhere';

export interface RunDirectory {
  readonly path: string;
  /** Says that the run is over, and removes the folder. */
  remove(): void;
}

/** A folder for one run, named after the process; folders of runs that were killed are swept up on the way. */
export async function makeRunDirectory(parent = tmpdir()): Promise<RunDirectory> {
  await sweepAbandoned(parent);
  const path = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
  const alive = await listen(join(path, ALIVE));
  return {
    path,
    remove() {
      alive.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** The file of a folder in a run's, in which folders that lie elsewhere are noted. */
export const elsewhereFile = (folder: string) => join(folder, ELSEWHERE);

function listen(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  server.unref();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}

async function sweepAbandoned(parent: string): Promise<void> {
  for (const name of readdirSync(parent)) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name);
    if (!owner) continue;
    const path = join(parent, name);
    // Another person's run on the same machine is theirs to sweep.
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found?.isDirectory() || found.uid !== process.getuid?.()) continue;
    if (isRunning(Number(owner[1])) && (await mayBeAlive(path))) continue;
    for (const folder of [...elsewhere(path), path]) rmSync(folder, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not allowed to signal it means that it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** A socket without a listener shows that a run is over: one that has just begun has none yet. */
function mayBeAlive(folder: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(join(folder, ALIVE));
    const answer = (alive: boolean) => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => answer(code !== 'ECONNREFUSED'));
  });
}

/** Only what a server of such a run makes, and only where it makes it: a list is not a right to remove anything else. */
function elsewhere(run: string): string[] {
  return foldersIn(run).flatMap((folder) => {
    const list = elsewhereFile(folder);
    if (!statSync(list, { throwIfNoEntry: false })?.isFile()) return [];
    const named = readFileSync(list, 'utf8').split('\n');
    return named.filter((path) => dirname(path) === tmpdir() && /\/(postgres|pgs)-\w{6}$/.test(path));
  });
}

function foldersIn(run: string): string[] {
  try {
    return readdirSync(run, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(run, name));
  } catch (error) {
    // Another run sweeps at the same time.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
