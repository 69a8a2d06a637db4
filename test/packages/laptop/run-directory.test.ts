import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { makeRunDirectory } from '../../../packages/laptop/run-directory.ts';

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'run-directory-'));
});
afterEach(() => rm(parent, { recursive: true }));

test('what a killed run left is swept up, what a running one has is not', async () => {
  const gone = join(parent, 'aws-on-this-laptop-999999999-abc');
  const other = join(parent, 'something-else');
  await mkdir(join(gone, 'data'), { recursive: true });
  await mkdir(other);
  const first = await makeRunDirectory(parent);
  const second = await makeRunDirectory(parent);
  const paths = [gone, other, first.path, second.path];
  expect(paths.map((path) => existsSync(path))).toEqual([false, true, true, true]);
  for (const run of [first, second]) run.remove();
  expect(paths.map((path) => existsSync(path))).toEqual([false, true, false, false]);
});

/** A run in a process of its own; answers its folder when it is there. */
async function startRun(more = ''): Promise<{ child: ChildProcess; path: string }> {
  const module = JSON.stringify(fileURLToPath(new URL('../../../packages/laptop/run-directory.ts', import.meta.url)));
  const program = `
    const { makeRunDirectory, elsewhereFile } = await import(${module});
    const { path } = await makeRunDirectory(${JSON.stringify(parent)});
    ${more}
    console.log(path);
    setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [path] = await once(child.stdout as Readable, 'data');
  return { child, path: String(path).trim() };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}

test('what a killed run left is swept up though its process id is another’s by now, as in containers', async () => {
  const { child, path } = await startRun();
  const running = await makeRunDirectory(parent);
  expect(existsSync(path)).toBe(true);
  await kill(child);
  // A process of that id is there: this one.
  const reused = path.replace(/-\d+-/, `-${process.pid}-`);
  await rename(path, reused);
  const next = await makeRunDirectory(parent);
  expect([reused, running.path, next.path].map((it) => existsSync(it))).toEqual([false, true, true]);
  for (const run of [running, next]) run.remove();
});

test('data that lay elsewhere go with it, and nothing else that its list names', async () => {
  const data = await mkdtemp(join(tmpdir(), 'postgres-'));
  const precious = await mkdtemp(join(tmpdir(), 'precious-'));
  const { child } = await startRun(`
    const { mkdirSync, writeFileSync } = await import('node:fs');
    mkdirSync(path + '/rds');
    writeFileSync(elsewhereFile(path + '/rds'), ${JSON.stringify([data, precious, '/', tmpdir(), ''].join('\n'))});`);
  await kill(child);
  const next = await makeRunDirectory(parent);
  expect([data, precious].map((path) => existsSync(path))).toEqual([false, true]);
  next.remove();
  await rm(precious, { recursive: true });
});
