import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders = ['pipeline', 'packages/consumer', 'handlers', 'cli', 'examples'];
const sources = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...folders], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(`${root}${path}`, 'utf8') }));

/** Methods of this name that send nothing: they read a cache's store or a parameter by the SDK. */
const others = /read\.fetch\(|#fetch\(name|^\s+fetch\(signal/;

describe('requests that leave by fetch', () => {
  test('each says what becomes of a redirect, since fetch takes headers and body along to wherever it leads', () => {
    const calls = sources.flatMap(({ path, text }) => [
      ...[...text.matchAll(/(?<![A-Za-z])#?fetch\(/g)].map(({ index }) => ({ path, call: callAt(text, index) })),
    ]);
    const sent = calls.filter(({ call }) => !others.test(call));
    expect(sent.length).toBeGreaterThanOrEqual(7);
    const silent = sent.filter(({ call }) => !/redirect: '(manual|error)'/.test(call));
    expect(silent.map(({ path, call }) => `${path}: ${call}`)).toEqual([]);
  });

  test('nothing but the proxy’s tunnel uses Node’s own client, which follows nothing', () => {
    const found = sources.filter(({ text }) => /from 'node:https?'|from 'undici'/.test(text)).map(({ path }) => path);
    expect(found).toEqual(['packages/consumer/client-proxy.ts']);
  });
});

/** A comparison by which the time would reveal how much of a secret is right. */
function comparesSecret(line: string): boolean {
  const secret = /\b(?:password|jwt_secret_key|secretAccessKey|SecretString|[hH]eldKey\([^)]*\)|held\.key)/.source;
  const plain = line.replace(/[!=]==\s*(undefined|null|'[^']*')/g, '');
  return new RegExp(`${secret}\\s*[!=]==|[!=]==\\s*[\\w.?#]*${secret}`).test(plain);
}

test('secrets are compared in constant time', () => {
  const lines = sources.flatMap(({ path, text }) => text.split('\n').map((line) => ({ path, line })));
  expect(lines.filter(({ line }) => comparesSecret(line))).toEqual([]);
  for (const line of ['a.password !== b.password', 'heldKey(x) === y', 'one === payload.jwt_secret_key']) {
    expect(comparesSecret(line)).toBe(true);
  }
});

/** A call with its arguments, to the parenthesis that closes it. */
function callAt(text: string, start: number): string {
  let depth = 0;
  for (let at = text.indexOf('(', start); at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return text.slice(text.lastIndexOf('\n', start) + 1, at + 1);
  }
  return text.slice(start);
}
