import { execFileSync, spawnSync } from 'node:child_process';
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

describe('keyturn, in a clone', () => {
  let copy: string;
  let entry: string;

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'keyturn-package-'));
    entry = join(copy, '.keyturn', 'cli', 'keyturn.js');
    chmodSync(copy, 0o755);
    for (const part of ['bin', 'cli', 'pipeline', 'tools', 'package.json']) {
      cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  });

  afterEach(() => {
    chmodSync(copy, 0o755);
    rmSync(copy, { recursive: true });
  });

  const run = (words: string[]) =>
    execFileSync(process.execPath, [join(copy, 'bin', 'keyturn.js'), ...words], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
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

  test('where its user may not write, one line says so', () => {
    // An administrator may write everywhere, so the test gives that right up.
    chmodSync(copy, 0o555);
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(copy, 'bin', 'keyturn.js'), '--version'], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
      ...(process.getuid?.() === 0 ? { uid: NOBODY } : {}),
    });
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(
      /^keyturn: EACCES: .*A clone keeps its command line there: run it as a user who may write\.\n$/,
    );
    expect(existsSync(entry)).toBe(false);
  });
});
