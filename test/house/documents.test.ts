import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'local/SUPPORT.md',
  ...readdirSync(join(root, 'docs'), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

test.each(documents)('every link of %s leads somewhere', (document) => {
  const links = [...read(document).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].map(
    ([, target]) => target as string,
  );
  const missing = links.filter((target) => !existsSync(resolve(root, dirname(document), target)));
  expect(missing).toEqual([]);
});

test('every script that README and CONTRIBUTING name is there', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = [...`${read('README.md')}${read('CONTRIBUTING.md')}`.matchAll(/npm run ([\w:]+)/g)].map(
    ([, name]) => name,
  );
  expect(named.filter((name) => !(`${name}` in scripts))).toEqual([]);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['start', 'test', 'synth', 'bench', 'test:unit']));
});

test('the snippets of README compile against the published entry points', () => {
  const snippets = [...read('README.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);
  expect(snippets).toHaveLength(2);
  mkdirSync(join(root, '.keyturn'), { recursive: true });
  const folder = mkdtempSync(join(root, '.keyturn/snippets-'));
  try {
    for (const [index, snippet] of snippets.entries()) {
      writeFileSync(join(folder, `snippet-${index}.ts`), inContext(snippet));
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }));
    const run = () =>
      execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    expect(run()).toBe('');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** What stands around a snippet in the reader's own file: imports first, then what it takes for granted. */
function inContext(snippet: string): string {
  const lines = snippet.split('\n');
  const imports = lines.filter((line) => line.startsWith('import '));
  const body = lines.filter((line) => !line.startsWith('import ')).join('\n');
  if (!body.includes('this')) return `${imports.join('\n')}\n${body}\nexport { pool };\n`;
  return `${imports.join('\n')}
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
declare const appSecret: ISecret;
declare const superuserSecret: ISecret;
declare const api: IFunction;
export class Yours extends Construct {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    ${body}
  }
}
`;
}
