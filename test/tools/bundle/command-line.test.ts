import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const NOBODY = 65534;

describe('keyturn, in a copy of the package', () => {
  let copy: string;
  let entry: string;

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'keyturn-package-'));
    entry = join(copy, '.keyturn', 'cli', 'keyturn.js');
    chmodSync(copy, 0o755);
    for (const part of ['bin', 'cli', 'pipeline', 'package.json']) {
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  });

  afterEach(() => {
    chmodSync(copy, 0o755);
    rmSync(copy, { recursive: true });
  });

  const run = (words: string[], as: { uid?: number } = {}) =>
    execFileSync(process.execPath, [join(copy, 'bin', 'keyturn.js'), ...words], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
      ...as,
    });

  test('is bundled at its first start, and not again until a source changes: then it does as the source says', () => {
    expect(run(['--help'])).toContain('Rotates secrets and proves');
    const { ino } = statSync(entry);
    run(['--version']);
    expect(statSync(entry).ino).toBe(ino);

    const source = join(copy, 'cli', 'command-line.ts');
    writeFileSync(source, readFileSync(source, 'utf8').replace('Rotates secrets', 'Turns keys'));
    expect(run(['--help'])).toContain('Turns keys and proves');
    expect(statSync(entry).ino).not.toBe(ino);
  });

  test('a bundle whose record is damaged is made anew', () => {
    run(['--version']);
    writeFileSync(join(copy, '.keyturn', 'cli', 'made-of.json'), '{"cli/');
    expect(run(['--version'])).toBe('0.1.0\n');
  });

  test('installed where its user may not write, it runs from its sources', () => {
    // An administrator may write everywhere, so the test gives that right up.
    chmodSync(copy, 0o555);
    expect(run(['--version'], process.getuid?.() === 0 ? { uid: NOBODY } : {})).toBe('0.1.0\n');
    expect(existsSync(entry)).toBe(false);
  });
});
