import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildConsumer } from './pack/consumer.ts';
import { buildKeyturn } from './pack/keyturn.ts';
import { buildLaptop } from './pack/laptop.ts';
import { writePublishedManifest } from './pack/published-manifest.ts';
import { ROOT } from './pack/root.ts';
import { writeSboms } from './pack/sbom.ts';

const run = promisify(execFile);
export const PACKAGES = join(ROOT, 'dist/packages');
const TARBALLS = join(ROOT, 'dist/tarballs');

/** The three packages: where each has its manifest and README, and what fills its folder. */
export const packages = [
  { name: 'keyturn', home: ROOT, build: buildKeyturn },
  { name: 'keyturn-consumer', home: join(ROOT, 'packages/consumer'), build: buildConsumer },
  { name: 'keyturn-laptop', home: join(ROOT, 'packages/laptop'), build: buildLaptop },
] as const;

/**
 * Builds the three packages into `dist/packages` and packs each into `dist/tarballs/NAME-VERSION.tgz`, with an SBOM of
 * each beside it. May be called again: both folders are emptied first.
 */
export async function pack(): Promise<string[]> {
  for (const folder of [PACKAGES, TARBALLS]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
  }
  for (const { name, home, build } of packages) {
    const folder = join(PACKAGES, name);
    await mkdir(folder, { recursive: true });
    await writePublishedManifest(join(home, 'package.json'), join(folder, 'package.json'));
    await cp(join(home, 'README.md'), join(folder, 'README.md'));
    await cp(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
    await build(folder);
    await run('npm', ['pack', folder, '--pack-destination', TARBALLS, '--ignore-scripts', '--silent']);
  }
  await writeSboms(TARBALLS);
  return (await readdir(TARBALLS)).sort().map((file) => join(TARBALLS, file));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const file of await pack()) {
    const { size } = await stat(file);
    console.log(`${relative(process.cwd(), file)}  ${(size / 1024).toFixed(0)} kB`);
  }
}
