import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLaptopRun } from '../../../../cli/aws/laptop-run.ts';
import { runFolder } from '../../../laptop-requests.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const LAPTOP = join(root, 'packages/laptop/bin/laptop.js');
const folder = mkdtempSync(join(tmpdir(), "a person's folder "));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly child: ChildProcess;
  readonly ready: string;
  readonly port: number;
}

const environment = { PATH: process.env.PATH, HOME: folder, LAPTOP_RUN_FOLDER: runFolder };

/** `laptop --port 0 …`, until it says that it is ready. */
async function start(...words: string[]): Promise<Run> {
  const child = spawn(process.execPath, [LAPTOP, '--port', '0', ...words], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let said = '';
  child.stderr?.on('data', (text) => {
    said += text;
  });
  const ready = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (text) => resolve(String(text).trim()));
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
  return { child, ready, port: Number(/127\.0\.0\.1:(\d+)/.exec(ready)?.[1]) };
}

async function end({ child }: Run, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  await once(child, 'exit');
}

/** What a person's shell may have that leads AWS's tools elsewhere. */
const misleading = {
  AWS_PROFILE: 'nobody',
  AWS_DEFAULT_PROFILE: 'nobody',
  AWS_SESSION_TOKEN: 'of-another-account',
  AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:1',
  AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1',
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
  AWS_USE_FIPS_ENDPOINT: 'true',
  HTTP_PROXY: 'http://127.0.0.1:1',
  http_proxy: 'http://127.0.0.1:1',
};

/** The hint of the ready line, and a command after it, in a fresh shell. */
function inShell(run: Run, command: string) {
  const [, hint] = /AWS's tools: (\. .+) Ctrl-C ends it\.$/.exec(run.ready) ?? [];
  const env = { PATH: process.env.PATH, HOME: folder, ...misleading };
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-euc', `${hint}\n${command}`], {
    env,
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

const hasProgram = (probe: string[]) => spawnSync(probe[0] as string, probe.slice(1), { stdio: 'ignore' }).status === 0;
const identity = 'arn:aws:iam::000000000000:user/administrator';
const sdk = `import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
console.log((await new STSClient({}).send(new GetCallerIdentityCommand({}))).Arn);`;
const tools: [string, string[], string][] = [
  [
    'the AWS CLI',
    ['aws', '--version'],
    'aws secretsmanager create-secret --name cli --secret-string a >&2; aws sts get-caller-identity --query Arn --output text',
  ],
  [
    'boto3',
    ['python3', '-c', 'import boto3'],
    `python3 -c 'import boto3; boto3.client("secretsmanager").create_secret(Name="boto3", SecretString="a"); print(boto3.client("sts").get_caller_identity()["Arn"])'`,
  ],
  [
    'the SDK for JavaScript',
    [process.execPath, '--version'],
    `'${process.execPath}' --input-type=module -e "${sdk.replaceAll('"', '\\"')}"`,
  ],
  [
    'curl, with the token that no argument shows',
    ['curl', '--version'],
    `printf 'x-laptop-token: %s\\n' "$LAPTOP_TOKEN" | curl -sf -H @- "$AWS_ENDPOINT_URL/_local/health" >&2; echo ${identity}`,
  ],
];

describe('in a fresh shell, whatever it was set to before', () => {
  const file = join(folder, 'laptop.env');
  let run: Run;
  beforeAll(async () => {
    run = await start('--environment', file);
    children.length = 0;
  });
  afterAll(() => end(run, 'SIGINT'));

  test.each(tools)('%s speaks to the run as its administrator', (name, probe, command) => {
    if (!hasProgram(probe)) {
      console.warn(`Not tried: ${name} is not installed on this machine.`);
      return;
    }
    expect(inShell(run, command)).toMatchObject({ status: 0, stdout: `${identity}\n` });
  });

  test('without the file the same tools are refused', () => {
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${run.port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    };
    const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', sdk], {
      env,
      cwd: root,
      encoding: 'utf8',
    });
    expect({ status, isRefused: stderr.includes('InvalidClientTokenId') }).toEqual({ status: 1, isRefused: true });
  });

  test('only this user may read the file, and the file of the run', () => {
    for (const path of [file, join(runFolder, `laptop-${run.port}.json`)]) {
      expect((statSync(path).mode & 0o777).toString(8)).toBe('600');
    }
  });

  test('the command line reads where the run is, and its key, from the file of the run', () => {
    const { endpoint, credentials } = readLaptopRun(run.port, { LAPTOP_RUN_FOLDER: runFolder });
    expect(endpoint).toBe(`http://127.0.0.1:${run.port}`);
    const written = readFileSync(file, 'utf8');
    expect(written).toContain(credentials.accessKeyId);
    expect(written).toContain(credentials.secretAccessKey);
  });
});

test('each run has a key and a token of its own, and takes its files away at its end', async () => {
  const file = join(folder, 'own.env');
  const first = await start('--environment', file);
  const text = readFileSync(file, 'utf8');
  await end(first, 'SIGTERM');
  const left = [file, join(runFolder, `laptop-${first.port}.json`)].filter((path) => existsSync(path));
  expect(left).toEqual([]);
  const second = await start('--environment', file);
  const secretOf = (written: string) => /AWS_SECRET_ACCESS_KEY=(.+)/.exec(written)?.[1];
  const tokenOf = (written: string) => /LAPTOP_TOKEN=(.+)/.exec(written)?.[1];
  const again = readFileSync(file, 'utf8');
  expect([secretOf(again) === secretOf(text), tokenOf(again) === tokenOf(text)]).toEqual([false, false]);
  await end(second, 'SIGTERM');
});

test('what a killed run left is replaced', async () => {
  const file = join(folder, 'killed.env');
  await end(await start('--environment', file), 'SIGKILL');
  expect(existsSync(file)).toBe(true);
  const next = await start('--environment', file);
  expect(readFileSync(file, 'utf8')).toContain(`:${next.port}`);
  await end(next, 'SIGINT');
});

test.each([
  ['a file of another kind', (path: string) => writeFileSync(path, 'mine')],
  ['a link, which another account may have laid', (path: string) => symlinkSync(join(folder, 'target'), path)],
])('%s is never written to: the run does not begin, and says why', async (_name, lay) => {
  const file = join(folder, 'taken.env');
  lay(file);
  await expect(start('--environment', file)).rejects.toThrow(
    /ended with 2: laptop: .*taken\.env cannot be made: it is there already/,
  );
  expect(existsSync(join(folder, 'target'))).toBe(false);
  rmSync(file);
});

test('any credentials are taken where the run was told so', async () => {
  const run = await start('--any-credentials');
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${run.port}`,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', sdk], {
    env,
    cwd: root,
    encoding: 'utf8',
  });
  expect(stdout.trim()).toBe(identity);
  const foreign = await fetch(`http://127.0.0.1:${run.port}/`, { headers: { origin: 'https://evil.example' } });
  expect(foreign.status).toBe(403);
  await end(run, 'SIGINT');
});
