import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProcess } from '../../cli/desk.ts';

const source = new URL('../../../tools/bundle.ts', import.meta.url).href;
let folder: string;
let entry: string;
let kept: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keyturn-kept-'));
  [entry, kept] = [join(folder, 'entry.ts'), join(folder, 'bundles')];
  writeFileSync(entry, "export const handler = async () => 'first';");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a process of its own bundles the entry to. */
async function bundled(env: Record<string, string>): Promise<string> {
  const file = join(folder, 'bundle.mts');
  const read = "readFileSync(join(folder, 'index.js'), 'utf8')";
  writeFileSync(
    file,
    `import { readFileSync } from 'node:fs'; import { join } from 'node:path'; import { bundle } from '${source}';
     const folder = bundle(${JSON.stringify(entry)}); console.log(${read});`,
  );
  const { code, stdout, stderr } = await runProcess(['--conditions=keyturn-source', '--import', 'tsx', file], env);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

test('a folder given by KEYTURN_BUNDLES keeps a bundle for the next process, whatever has changed since', async () => {
  const env = { KEYTURN_BUNDLES: kept };
  const first = await bundled(env);
  expect(first).toContain('first');
  const [place = '', ...others] = readdirSync(kept);
  expect(others).toEqual([]);
  expect(`${readFileSync(join(kept, place, 'index.js'), 'utf8')}\n`).toBe(first);
  writeFileSync(entry, "export const handler = async () => 'second';");
  expect(await bundled(env)).toBe(first);
});

test('without it every process bundles what is there', async () => {
  expect(await bundled({})).toContain('first');
  writeFileSync(entry, "export const handler = async () => 'second';");
  expect(await bundled({})).toContain('second');
});

test('a function that cannot be bundled fails each time, and leaves no folder that looks like one', async () => {
  writeFileSync(entry, "import 'no-such-package';");
  const environments: Record<string, string>[] = [{}, { KEYTURN_BUNDLES: kept }];
  for (const env of environments) {
    await expect(bundled(env)).rejects.toThrow(/no-such-package/);
    await expect(bundled(env)).rejects.toThrow(/no-such-package/);
  }
  expect(readdirSync(kept)).toEqual([]);
});
