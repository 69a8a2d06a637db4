import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path && existsSync(`${root}${path}`));
const code = files.filter((path) => /\.(ts|js|mjs|cjs)$/.test(path));
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');

const bannedNames = /(^|[/._-])(utils?|helpers?|common|managers?|misc|impl)([/._-]|$)/i;
const bannedWords = /\b(master(?!Username|UserPassword|arn|-?user)|multi-?user|swap)\b/i;

describe('the house', () => {
  test('a file of code has at most 400 lines', () => {
    const long = code
      .map((path) => `${path}: ${read(path).split('\n').length - 1}`)
      .filter((row) => Number(row.split(': ')[1]) > 400);
    expect(long).toEqual([]);
  });

  test('no file or folder is named after nothing', () => {
    expect(code.filter((path) => bannedNames.test(path))).toEqual([]);
  });

  test('names of ours are the field’s standard terms', () => {
    const ours = code.filter((path) => /^(pipeline|handlers|stacks|packages\/consumer|cli|tools)\//.test(path));
    const found = ours.flatMap((path) =>
      read(path)
        .split('\n')
        .filter((line) => !/^\s*(\*|\/\/|\/\*)/.test(line) && bannedWords.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  });

  test('no test is skipped, focused or left to do', () => {
    const tests = files.filter(
      (path) => path.startsWith('test/') && path.endsWith('.test.ts') && !path.endsWith('house.test.ts'),
    );
    const marked = tests.filter((path) =>
      /\b(describe|test|it)\.(skip|only|todo|failing)\b|\b(xit|xtest|xdescribe|fit|fdescribe)\(/.test(read(path)),
    );
    expect(marked).toEqual([]);
  });

  test('the lock file names no registry host', () => {
    expect(read('package-lock.json')).not.toMatch(
      /https?:\/\/(?!github\.com|opencollective|paypal|feross|www\.patreon|tidelift|ko-fi|polar)[^"]*\.tgz/,
    );
  });
});

interface State {
  Type: string;
  Resource?: string;
  Arguments?: { FunctionName?: string };
  Retry?: unknown[];
  Catch?: unknown[];
  TimeoutSeconds?: unknown;
  ItemProcessor?: { States: Record<string, State> };
  Branches?: { States: Record<string, State> }[];
}

function states(machine: { States: Record<string, State> }): [string, State][] {
  return Object.entries(machine.States).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...(state.ItemProcessor ? states(state.ItemProcessor) : []),
    ...(state.Branches ?? []).flatMap(states),
  ]);
}

describe.each(files.filter((path) => path.endsWith('.asl.json')))('%s', (path) => {
  const machine = JSON.parse(read(path));
  const tasks = states(machine).filter(([, state]) => state.Type === 'Task');

  test('every Task has Retry, Catch and a time-out', () => {
    const bare = tasks.filter(
      ([, state]) => !state.Retry?.length || !state.Catch?.length || state.TimeoutSeconds === undefined,
    );
    expect(bare.map(([name]) => name)).toEqual([]);
  });

  test('state names are told apart over the whole machine', () => {
    const names = states(machine).map(([name]) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  const called = tasks
    .map(([, state]) => state.Arguments?.FunctionName?.match(/^\$\{(\w+)FunctionArn\}$/)?.[1])
    .filter((name) => name !== undefined)
    .map((name) => name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase());
  const names = [...new Set(called)];

  test('every Task that invokes one of our functions has its handler, and a test of that name', () => {
    expect(names.filter((name) => !files.includes(`handlers/${name}.ts`))).toEqual([]);
    // recycle-consumer is tested by what is recycled.
    const tested = (name: string) =>
      files.some(
        (path) =>
          path.endsWith(`/${name}.test.ts`) || (name === 'recycle-consumer' && /recycle-\w+\.test\.ts$/.test(path)),
      );
    expect(names.filter((name) => !tested(name))).toEqual([]);
  });
});
