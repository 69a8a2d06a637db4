import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as consumer from '../../../packages/consumer/index.ts';
import * as jwt from '../../../packages/consumer/jwt.ts';
import * as parameters from '../../../packages/consumer/parameters.ts';
import * as pool from '../../../packages/consumer/pool.ts';
import { root } from '../../house/blocks.ts';
import { compile } from '../../house/snippets.ts';

const folder = join(root, 'packages/consumer');
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(folder, name), 'utf8'));
const exported = Object.entries({ ...consumer, ...jwt, ...parameters, ...pool });

/** The comment right before a declaration, without its stars. */
function commentOf(name: string): string | undefined {
  const declaration = new RegExp(
    `/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\nexport (?:abstract )?(?:async )?(?:class|function|const) ${name}\\b`,
  );
  const found = sources.map((source) => declaration.exec(source)?.[1]).find((comment) => comment !== undefined);
  return found?.replace(/^ *\* ?/gm, '').trim();
}

function examplesOf(name: string): string[] {
  return [...(commentOf(name) ?? '').matchAll(/@example\n```ts\n([\s\S]*?)\n```/g)].map(([, code]) => code as string);
}

/** SecretError's example shows how all of them are caught. */
const isOtherError = (name: string, value: unknown) =>
  value !== consumer.SecretError &&
  Object.prototype.isPrototypeOf.call(consumer.SecretError, value as object) &&
  name !== 'TokenRefusedError';

test('what can be imported has a comment, and an example that imports it', () => {
  const without = exported
    .filter(([name, value]) => !isOtherError(name, value))
    .filter(
      ([name]) =>
        !examplesOf(name).some((code) => new RegExp(`^import .*\\b${name}\\b.*'@keyturn/consumer`, 'm').test(code)),
    )
    .map(([name]) => name);
  expect(without).toEqual([]);
  expect(exported.filter(([name]) => !commentOf(name)).map(([name]) => name)).toEqual([]);
  expect(exported.length).toBeGreaterThan(25);
});

test('the comment of a class or function begins with how it is used, before its example', () => {
  const beginnings = exported.map(([name]) => [name, commentOf(name)?.split('\n')[0] ?? ''] as const);
  expect(beginnings.filter(([, line]) => !/^[A-Z][A-Za-z`' ]/.test(line) || line.startsWith('@'))).toEqual([]);
});

test('every example compiles against the published entry points', () => {
  mkdirSync(join(root, '.keyturn'), { recursive: true });
  const scratch = mkdtempSync(join(root, '.keyturn/examples-'));
  try {
    const examples = exported.flatMap(([name]) => examplesOf(name).map((code) => ({ name, code })));
    for (const [index, { name, code }] of examples.entries()) {
      // What an example does not export it may only show.
      writeFileSync(join(scratch, `example-${index}.ts`), `// ${name}\n${code}\n`);
    }
    writeFileSync(
      join(scratch, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }),
    );
    expect(compile(scratch)).toBe('');
    expect(examples.length).toBeGreaterThanOrEqual(17);
    // The compiler has looked at them.
    writeFileSync(
      join(scratch, 'wrong.ts'),
      "import { getApiKey } from '@keyturn/consumer';\nexport const key: number = getApiKey('x');\n",
    );
    expect(compile(scratch)).toMatch(/wrong\.ts\(2,14\): error TS2322/);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
