import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildConsumer } from './pack/consumer.ts';
import { copyDocuments, documentsIn } from './pack/documents.ts';
import { buildKeyturn } from './pack/keyturn.ts';
import { buildLaptop, documentsOfLaptop } from './pack/laptop.ts';
import { alone, PackingUnderWay } from './pack/lock.ts';
import { writePublishedManifest } from './pack/published-manifest.ts';
import { ROOT } from './pack/root.ts';
import { writeSboms } from './pack/sbom.ts';

const run = promisify(execFile);
export const PACKAGES = join(ROOT, 'dist/packages');
const TARBALLS = join(ROOT, 'dist/tarballs');

const CONSUMER = join(ROOT, 'packages/consumer');
const LAPTOP = join(ROOT, 'packages/laptop');

/** The three packages: where each has its manifest, what fills its folder, and its documents. */
export const packages = [
  { name: 'keyturn', home: ROOT, build: buildKeyturn, documents: documentsOfKeyturn },
  { name: 'keyturn-consumer', home: CONSUMER, build: buildConsumer, documents: async () => ['README.md'] },
  { name: 'keyturn-laptop', home: LAPTOP, build: buildLaptop, documents: () => documentsOfLaptop(LAPTOP) },
] as const;

/**
 * Builds the three packages into `dist/packages` and packs each into `dist/tarballs/NAME-VERSION.tgz`, with an SBOM of
 * each beside it. May be called again: both folders are emptied first. @throws PackingUnderWay
 */
export function pack(): Promise<string[]> {
  return alone(join(ROOT, 'dist/packing.lock'), packAlone);
}

async function packAlone(): Promise<string[]> {
  for (const folder of [PACKAGES, TARBALLS]) {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
  }
  for (const { name, home, build, documents } of packages) {
    const folder = join(PACKAGES, name);
    await mkdir(folder, { recursive: true });
    await writePublishedManifest(join(home, 'package.json'), join(folder, 'package.json'));
    await cp(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
    await build(folder);
    await copyDocuments(home, folder, await documents());
    await run('npm', ['pack', folder, '--pack-destination', TARBALLS, '--ignore-scripts', '--silent']);
  }
  await writeSboms(TARBALLS);
  return (await readdir(TARBALLS)).sort().map((file) => join(TARBALLS, file));
}

/** What the README and the messages of the command line name. */
async function documentsOfKeyturn(): Promise<string[]> {
  return ['README.md', 'CHANGELOG.md', ...(await documentsIn(ROOT, 'docs'))];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    for (const file of await pack()) {
      const { size } = await stat(file);
      console.log(`${relative(process.cwd(), file)}  ${(size / 1024).toFixed(0)} kB`);
    }
  } catch (error) {
    if (!(error instanceof PackingUnderWay)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
