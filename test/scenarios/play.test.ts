import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '../eventually.ts';
import { runFolder } from '../laptop-requests.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'keyturn-play-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function start(...options: string[]) {
  const play = spawn(process.execPath, ['--conditions=keyturn-source', '--import', 'tsx', 'bin/start.ts', ...options], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', LAPTOP_RUN_FOLDER: runFolder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [play.stdout, play.stderr]) stream.on('data', (text) => (printed += text));
  const ended = new Promise<number | null>((resolve) => play.once('close', resolve));
  return { play, ended, printed: () => printed };
}

test('npm start -- --once plays to the end, keeps every promise, and writes the report', async () => {
  const file = join(folder, 'report.json');
  const { ended, printed } = start('--once', '--report', file);
  const status = await ended;
  if (status !== 0) throw new Error(`It ended with ${status}:\n${printed()}`);
  const report = JSON.parse(readFileSync(file, 'utf8'));
  expect(report).toMatchObject({ traffic: { failures: 0 }, rollBacks: 1, leaks: 0 });
  expect(report.traffic.requests).toBeGreaterThanOrEqual(2_000);
  const succeeded = report.rotations.filter(({ outcome }: { outcome: string }) => outcome === 'succeeded');
  expect(new Set(succeeded.map(({ kind }: { kind: string }) => kind))).toEqual(new Set(['postgres', 'jwt', 'api-key']));
  for (const rotation of succeeded) {
    expect(rotation).toMatchObject({ secretsManagerWrites: 3, durationMs: expect.any(Number) });
    expect(rotation.checks.every(({ ok }: { ok: boolean }) => ok)).toBe(true);
  }
  expect(report.alarms).toEqual(expect.arrayContaining(['keyturn-CheckFailed', 'keyturn-RotationRolledBack']));
  expect(report.retired).toBeGreaterThan(0);
  expect(printed()).toContain('every promise held');
}, 300_000);

/** Every process that descends from one, at this moment. */
function descendants(pid: number): number[] {
  const rows = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const parents = rows.map((row) => row.trim().split(/\s+/).map(Number) as [number, number]);
  const found = [pid];
  for (const parent of found) found.push(...parents.filter(([, of]) => of === parent).map(([child]) => child));
  return found.slice(1);
}

function isRunning(pid: number): boolean {
  // A zombie is nobody's process any more.
  const [state = ''] = execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return state !== '' && !state.startsWith('Z');
}

test('killed in the middle of the play it leaves no process, and its port is free', async () => {
  const { play, ended, printed } = start('--once');
  await eventually('a rotation', () => (/rotated in \d+ ms/.test(printed()) ? true : undefined), 200);
  const [, port] = /to http:\/\/127\.0\.0\.1:(\d+)/.exec(printed()) ?? [];
  const family = descendants(play.pid as number);
  expect(family.length).toBeGreaterThan(2);
  play.kill('SIGKILL');
  await ended;
  await eventually('the end of every process of the play', () =>
    family.every((pid) => !stillRuns(pid)) ? true : undefined,
  );
  await expect(fetch(`http://127.0.0.1:${port}/_local/health`)).rejects.toThrow();
}, 300_000);

function stillRuns(pid: number): boolean {
  try {
    return isRunning(pid);
  } catch {
    // ps answers with an error where there is no such process.
    return false;
  }
}
