import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Metafile } from 'esbuild';
import { writeNotices } from '../../../tools/pack/notices.ts';
import { ROOT } from '../../../tools/pack/root.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-notices-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A bundle that holds these files, by their paths as esbuild writes them. */
const bundleOf = (...paths: string[]) =>
  ({ inputs: Object.fromEntries(paths.map((path) => [path, {}])), outputs: {} }) as Metafile;

/** A package outside of the repository, by its path as esbuild writes it. */
function given(manifest: Record<string, string>, licence?: string): string {
  const home = join(folder, 'node_modules', manifest.name ?? '');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify(manifest));
  if (licence) writeFileSync(join(home, 'LICENSE.md'), licence);
  return join(relative(ROOT, home), 'index.js');
}

async function noticesOf(...paths: string[]): Promise<string> {
  const file = join(folder, 'THIRD-PARTY-NOTICES');
  await writeNotices(file, [bundleOf(...paths)]);
  return readFileSync(file, 'utf8');
}

test('each package of a bundle stands once, with its version and the text of its licence', async () => {
  const text = await noticesOf('node_modules/jose/dist/a.js', 'node_modules/jose/dist/b.js', 'stacks/index.ts');
  expect(text.match(/^jose \d+\.\d+\.\d+ \(MIT\)$/gm)).toHaveLength(1);
  expect(text).toContain('Filip Skokan');
});

test('a package that ships no text of its licence has the known one', async () => {
  expect(await noticesOf('node_modules/@aws-lambda-powertools/logger/lib/esm/Logger.js')).toMatch(
    /^@aws-lambda-powertools\/logger .*\(MIT-0\)\n\nCopyright Amazon/,
  );
});

test('a licence that was never weighed fails the build, and the message names the package', async () => {
  const path = given({ name: 'a-viral-package', version: '1.0.0', license: 'AGPL-3.0' }, 'text');
  await expect(noticesOf(path)).rejects.toThrow(/a-viral-package 1\.0\.0: its licence is AGPL-3\.0; expected one of/);
});

test('a package without any text of its licence fails the build', async () => {
  await expect(noticesOf(given({ name: 'bare', version: '1.0.0', license: 'MIT' }))).rejects.toThrow(
    /bare: no licence file/,
  );
});
