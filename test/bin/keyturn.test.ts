import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Ended, keyturn } from '../cli/desk.ts';

const KEYTURN = fileURLToPath(new URL('../../bin/keyturn.js', import.meta.url));

/** Starts a cloud, sends a signal when it says that it is ready, and hands back how it ended. */
function runUntilReady(
  words: string[],
  signal: NodeJS.Signals = 'SIGINT',
): Promise<Ended & { readyAfterSeconds?: number }> {
  const startedAt = performance.now();
  let readyAfterSeconds: number | undefined;
  const onOutput = ({ stdout }: { stdout: string }, kill: (signal: NodeJS.Signals) => void) => {
    if (readyAfterSeconds !== undefined || !stdout.includes('Ready on')) return;
    readyAfterSeconds = (performance.now() - startedAt) / 1000;
    kill(signal);
  };
  return keyturn(words, {}, { onOutput }).then((ended) => ({ ...ended, readyAfterSeconds }));
}

describe('keyturn local', () => {
  test('an empty cloud is ready at once, says where in one line, and ends cleanly', async () => {
    const { code, stdout, stderr, readyAfterSeconds } = await runUntilReady(['local', '--empty', '--port', '0']);
    expect(stdout).toMatch(
      /^Ready on (http:\/\/127\.0\.0\.1:\d+): an empty cloud\. Console: \1\/_local\/console\/#token=[\w-]{32} Ctrl-C ends it\.\n$/,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // Half a second on a quiet machine; on a busy one a synthesis would take longer than this.
    expect(readyAfterSeconds).toBeLessThan(30);
  });

  test('SIGTERM ends it as cleanly', async () => {
    expect(await runUntilReady(['local', '--empty', '--port', '0'], 'SIGTERM')).toMatchObject({ code: 0, stderr: '' });
  });

  test('a port that is taken: one line with the way out, and 5', async () => {
    const server = await listenSomewhere();
    const { port } = server.address() as { port: number };
    const ended = await keyturn(['local', '--empty', '--port', String(port)]);
    server.close();
    expect(ended).toEqual({
      code: 5,
      stdout: '',
      stderr: `keyturn: Port ${port} is taken: another laptop's cloud? Choose another: --port 0 takes a free one.\n`,
    });
  });

  test('a folder that is no assembly: one line with what to do, and 2', async () => {
    const ended = await keyturn(['local', '--assembly', tmpdir(), '--port', '0']);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(/^keyturn: .*expected a folder that "cdk synth" made.*\n$/);
  });

  test.each([
    [['--port', '70000'], /Expected a number from 0 to 65535/],
    [['--time-scale', '2'], /Expected a number from 0 to 1/],
    [['--empty', 'now'], /too many arguments/],
    [['--empty', '--assembly', 'cdk.out'], /cannot be used with/],
  ])('keyturn local %j is refused', async (words, pattern) => {
    const ended = await keyturn(['local', ...words]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toMatch(pattern);
  });
});

describe('help', () => {
  test('a reader that goes away ends it without a word', async () => {
    const child = spawn(process.execPath, [KEYTURN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, said }).toEqual({ code: 141, said: '' });
  });

  test('lists every command, with a line for each', async () => {
    const { code, stdout, stderr } = await keyturn(['--help']);
    for (const command of [
      'plan',
      'rotate',
      'rotate-all',
      'status',
      'history',
      'check',
      'roll-back',
      'doctor',
      'local',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${command} .*  [A-Z]`, 'm'));
    }
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test.each([
    'plan',
    'rotate',
    'rotate-all',
    'status',
    'history',
    'check',
    'roll-back',
    'doctor',
    'local',
  ])('of %s has examples', async (command) => {
    const { code, stdout } = await keyturn([command, '--help']);
    expect(stdout).toMatch(new RegExp(`Examples:\n  keyturn ${command}`));
    expect(code).toBe(0);
  });
});

test('--version answers the version of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(await keyturn(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

test('no colours where nobody looks: not even with TERM set', async () => {
  const ended = await keyturn(['rotat'], { TERM: 'xterm-256color' });
  expect(ended.stderr).not.toContain('\u001b');
});

async function listenSomewhere(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return server;
}
