import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { runCommandLine } from '../../cli/command-line.ts';
import { exitCodes } from '../../cli/terminal/exit-codes.ts';
import { ConsumerAnswer } from '../../packages/consumer/contracts/consumer-events.ts';
import { runLaptop } from '../../packages/laptop/command/command-line.ts';
import { PythonLookup } from '../../packages/laptop/environments/python.ts';
import { keyturn } from '../cli/desk.ts';
import { blocksOfClass, documents, readDocument, root } from '../house/blocks.ts';
import { type CommandLine, commandLines } from '../house/command-lines.ts';
import { withSnippets } from '../house/snippets.ts';
import { askLocal } from '../laptop-requests.ts';
import { readAwsCommand } from './documented/aws-command.ts';
import { ExampleLaptop } from './documented/example-laptop.ts';
import { runConstructs, runModules } from './documented/run-snippets.ts';

const description = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const startOptions = [...readFileSync(join(root, 'bin/start.ts'), 'utf8').matchAll(/\.option\('--(\w+)/g)];

/** `npx X` is X, and a program that is started by tsx is its file. */
const commands = commandLines().map((command): CommandLine => {
  const [program = '', ...words] = command.program === 'npx' ? command.words : [command.program, ...command.words];
  return { ...command, program, words };
});
const of = (program: string) => commands.filter((command) => command.program === program);
const each = (program: string) => of(program).map(({ where, words }) => [where, words] as const);

let laptop: ExampleLaptop;
beforeAll(async () => {
  laptop = await ExampleLaptop.open();
});
afterAll(() => laptop?.stage.close());

test('every program that the documents start is one whose command lines are tested', () => {
  const known = ['keyturn', 'laptop', 'npm', 'aws', 'curl', 'cdk', 'jest'];
  expect(commands.filter(({ program }) => !known.includes(program)).map(({ where }) => where)).toEqual([]);
});

const NAMES = ['plan', 'rotate', 'rotate-all', 'status', 'history', 'check', 'roll-back', 'doctor', 'local'];

describe('keyturn', () => {
  test.each(each('keyturn'))('%s', async (_, words) => {
    const [name = '--help', ...rest] = words.map((word) => laptop.fill(word));
    for (const command of name === '<command>' ? NAMES : [name]) {
      const { code, said } = await run(command, rest);
      // Refusals of what is not the time for are answers too; a word that it does not know is none.
      const endings: number[] = [exitCodes.ok, exitCodes.failed, exitCodes.notNow];
      expect({ said, code: endings.includes(code) }).toEqual({ said, code: true });
    }
  });

  test('every option that the page of the command line names is there, and every option is on the page', async () => {
    const helps = await Promise.all(NAMES.map((name) => run(name, ['--help'])));
    const options = helps.flatMap(({ said }) => [...said.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, it]) => it));
    const page = readDocument('docs/command-line.md');
    const named = [...page.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => code?.match(/--[a-z-]+/g) ?? []);
    expect(named.filter((option) => !options.includes(option))).toEqual([]);
    expect([...new Set(options)].filter((option) => !page.includes(`${option}`))).toEqual([]);
  });
});

const answers = new Map<string, Promise<{ code: number; said: string }>>();

/** The same words are asked once, however many documents have them. */
function run(name: string, rest: string[]): Promise<{ code: number; said: string }> {
  const words = [name, ...rest].join(' ');
  const answer = answers.get(words) ?? (name === 'local' ? runLocal(rest) : runHere(name, rest));
  answers.set(words, answer);
  return answer;
}

/** It has read every word before it says that its port is taken. test/bin/keyturn.test.ts lets it have one. */
async function runLocal(words: string[]): Promise<{ code: number; said: string }> {
  const empty = words.includes('--assembly') ? [] : ['--empty'];
  const taken = words.includes('--help') ? [] : [...empty, '--port', String(laptop.stage.cloud.port)];
  const { code, stdout, stderr } = await keyturn(['local', ...words, ...taken]);
  return { code: code === exitCodes.noEndpoint ? exitCodes.ok : (code ?? -1), said: stdout + stderr };
}

async function runHere(name: string, words: string[]): Promise<{ code: number; said: string }> {
  const manifest = join(root, 'examples/keyturn.json');
  const line = [name, ...words.map((word) => (word === 'keyturn.json' ? manifest : word))];
  if (name === 'plan' && line.length === 1) line.push(manifest);
  if (name !== '--help') line.push('--laptop', '--endpoint', laptop.endpointUrl);
  const asks = /--(emergency|force|repair)|roll-back|rotate-all/.test(line.join(' '));
  if (asks && !line.includes('--help')) line.push('--yes');
  let said = '';
  const write = (text: string) => {
    said += text;
  };
  const streams = { stdin: {}, stdout: { write }, stderr: { write }, env: {} };
  return { code: await runCommandLine(line, streams as never), said };
}

// A service alone is spoken of, not called.
test.each(each('aws').filter(([, words]) => words.length > 1))('%s', async (_, words) => {
  const credentials = laptop.stage.cloud.administrator;
  const { client, command } = await readAwsCommand(
    words.map((word) => laptop.fill(word)),
    { endpoint: laptop.endpointUrl, region: laptop.stage.cloud.region, credentials },
  );
  // The example names no requester, so the bus denies the administrator too. test/proof/privileges has requesters.
  if (words.includes('put-events')) {
    await expect(client.send(command)).rejects.toThrow('explicit deny in a resource-based policy');
    return client.destroy();
  }
  const { $metadata, FunctionError } = await client.send(command);
  client.destroy();
  expect({ status: $metadata.httpStatusCode, FunctionError }).toEqual({ status: 200, FunctionError: undefined });
});

test.each(each('curl'))('%s', async (_, words) => {
  const option = (name: string) => (words.includes(name) ? words[words.indexOf(name) + 1] : undefined);
  const url = words.map((word) => laptop.fill(word)).find((word) => word.startsWith(laptop.endpointUrl));
  // `-H @-` reads the header of the token from the pipe.
  const headers: Record<string, string> =
    option('-H') === '@-' ? { 'x-laptop-token': laptop.stage.cloud.pageToken } : {};
  const answer = await fetch(url ?? '', { method: option('-X') ?? 'GET', headers, body: option('-d') ?? null });
  expect({ status: answer.status < 300, url }).toEqual({ status: true, url });
  await askLocal(laptop.stage.cloud, '/_local/faults', { method: 'DELETE' });
});

test('every address of the laptop that the documents name answers', async () => {
  const named = documents.flatMap((document) => [
    ...readDocument(document).matchAll(/http:\/\/127\.0\.0\.1:4599(\/[\w/.-]+)/g),
  ]);
  const paths = [...new Set(named.map(([, path]) => path))];
  expect(paths).not.toEqual([]);
  for (const path of paths) {
    expect({ path, status: (await fetch(`${laptop.endpointUrl}${path}`)).status }).toEqual({ path, status: 200 });
  }
});

/** What a tarball of this version holds; `npm run pack` names them. */
function packageOf(word: string): string {
  const [, name, version] = /\/dist\/tarballs\/(keyturn(?:-\w+)?)-([\d.]+)\.tgz$/.exec(word) ?? [];
  if (name === undefined) return word;
  expect(version).toBe(description.version);
  return name.replace('keyturn-', '@keyturn/');
}

test.each(each('npm'))('%s', (_, [command = '', ...words]) => {
  const { scripts, dependencies, devDependencies } = description;
  if (command === 'run') expect(Object.keys(scripts)).toContain(words[0]);
  else if (command === 'install') {
    const packages = words.filter((word) => !word.startsWith('--')).map(packageOf);
    const ours = ['keyturn', '@keyturn/consumer', '@keyturn/laptop'];
    expect([...ours, ...Object.keys({ ...dependencies, ...devDependencies })]).toEqual(
      expect.arrayContaining(packages),
    );
  } else if (command === 'ci') expect(existsSync(join(root, 'package-lock.json'))).toBe(true);
  else expect(Object.keys(scripts)).toContain(command);
  if (command !== 'start') return;
  const options = words.filter((word) => /^--\w/.test(word)).map((word) => word.slice(2));
  expect(startOptions.map(([, name]) => name)).toEqual(expect.arrayContaining(options));
});

/** It has read every word before it says that its port is taken, or that no assembly is there. */
test.each(each('laptop'))('%s', async (_, words) => {
  let said = '';
  const write = (text: string) => {
    said += text;
  };
  const taken = words.includes('--port') ? [] : ['--port', String(laptop.stage.cloud.port)];
  await runLaptop([...words, ...taken], { stdout: { write }, stderr: { write } });
  expect(said).toMatch(/^laptop: (Port \d+ is taken|cdk\.out: expected a folder that "cdk synth" made)/);
});

test.each(each('cdk'))('%s', (_, [command, ...words]) => {
  expect(['synth', 'diff', 'deploy', 'destroy', 'bootstrap']).toContain(command);
  const named = words.includes('--app') ? words[words.indexOf('--app') + 1] : 'bin/app.ts';
  // test/apps runs the packed one.
  const app = named === 'node node_modules/keyturn/dist/app.js' ? 'bin/app.ts' : named;
  expect(existsSync(join(root, app?.split(' ').at(-1) ?? ''))).toBe(true);
  const context = words.includes('-c') ? words[words.indexOf('-c') + 1] : 'manifest=';
  expect(context?.split('=')[0]).toBe('manifest');
  expect(readFileSync(join(root, 'bin/app.ts'), 'utf8')).toContain("tryGetContext('manifest')");
});

test.each(each('jest'))('%s', (_, words) => {
  const chosen = words[words.indexOf('--selectProjects') + 1];
  expect(readFileSync(join(root, 'jest.config.js'), 'utf8')).toContain(`project('${chosen}'`);
});

test.each(blocksOfClass('sql').map(({ where, text }) => [where, text]))('%s', async (_, text) => {
  await laptop.query(text);
});

test.each(
  blocksOfClass('python').map(({ where, document, text }) => [where, document, text]),
)('%s answers as the contract says', async (_, document, text) => {
  const python = await new PythonLookup(process.env.PATH).find();
  const shown = blocksOfClass('json').filter((block) => block.document === document);
  const event = shown.find(({ text: json }) => json.includes('"operation": "invalidate"'))?.text;
  const driver = `
import json, types
held["shop/db"] = {"value": "old", "version": "1", "until": 9}
context = types.SimpleNamespace(log_stream_name="environment")
print(json.dumps(handler(json.loads(${JSON.stringify(event)}), context)))`;
  // Without a python3 the laptop refuses such functions, and here nothing can be asked of it.
  const answer = 'executable' in python ? spawnSync(python.executable, ['-c', text + driver]) : undefined;
  const printed = answer ? `${answer.stdout}${answer.stderr}` : '{"keyturn":{"schemaVersion":1,"held":[]}}';
  expect(v.is(ConsumerAnswer, JSON.parse(printed)) || !answer).toBe(true);
});

describe('the TypeScript snippets', () => {
  test('that stand in a stack are synthesized, those that are modules do what they say', async () => {
    await withSnippets(async (folder, snippets) => {
      const environment = {
        AWS_ENDPOINT_URL: laptop.endpointUrl,
        AWS_REGION: laptop.stage.cloud.region,
        AWS_ACCESS_KEY_ID: laptop.stage.cloud.administrator.accessKeyId,
        AWS_SECRET_ACCESS_KEY: laptop.stage.cloud.administrator.secretAccessKey,
        PGSSLROOTCERT: laptop.caBundlePath,
        DB_SECRET_ARN: laptop.databaseSecretArn,
        API_KEY_SECRET_ARN: 'shop/issued-key',
        JWT_SECRET_ARN: 'example/jwt',
      };
      const ended = await Promise.all([runConstructs(folder, snippets), runModules(folder, snippets, environment)]);
      for (const { code, said } of ended) expect({ code, said: code === 0 ? '' : said }).toEqual({ code: 0, said: '' });
    });
  });
});
