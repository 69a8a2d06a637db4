import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { leftOut } from '../../../tools/bundle/left-out.ts';
import { leavingOut } from '../../../tools/bundle/plugins.ts';
import { writeBundle } from '../../../tools/bundle.ts';

const require = createRequire(import.meta.url);
const modules = (file: string) => fileURLToPath(new URL(`../../../node_modules/${file}`, import.meta.url));

test('a part that no longer is what was left out fails the bundling', async () => {
  const [part] = leftOut.filter(({ module }) => module === 'pgpass/lib/index.js');
  const expects = part?.expects ?? '';
  const changed = { ...part, expects: 'what it never said' };
  leftOut.splice(leftOut.indexOf(part as never), 1, changed as never);
  try {
    const bundling = build({
      stdin: { contents: "require('pgpass')", resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
      bundle: true,
      write: false,
      platform: 'node',
      logLevel: 'silent',
      plugins: [leavingOut],
    });
    await expect(bundling).rejects.toThrow(/pgpass\/lib\/index.js: expected what it never said.* have changed/);
  } finally {
    leftOut.splice(leftOut.indexOf(changed as never), 1, { ...part, expects } as never);
  }
});

test('a function with a newer dependency cannot be bundled, and the message says which file has changed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-newer-'));
  try {
    mkdirSync(join(folder, 'node_modules/pgpass/lib'), { recursive: true });
    writeFileSync(join(folder, 'node_modules/pgpass/lib/index.js'), "module.exports = () => 'as newer versions do';");
    writeFileSync(join(folder, 'handler.js'), "exports.handler = () => require('pgpass/lib/index.js')();");
    expect(() => writeBundle(join(folder, 'handler.js'), join(folder, 'bundle.js'))).toThrow(
      /handler\.js cannot be bundled: .*pgpass\/lib\/index\.js.* have changed/,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('pg reads the scalar types as before, and refuses to read any other type that it knows', () => {
  const part = leftOut.find(({ module }) => module === 'pg-types/lib/textParsers.js');
  const parsersOf = (init: (register: (oid: number, parse: (text: string) => unknown) => void) => void) => {
    const parsers = new Map<number, (text: string) => unknown>();
    init((oid, parse) => parsers.set(oid, parse));
    return parsers;
  };
  const module: { init: Parameters<typeof parsersOf>[0] } = { init: () => undefined };
  new Function('require', 'exports', part?.source ?? '')((name: string) => require(name), module);
  const [ours, theirs] = [parsersOf(module.init), parsersOf(require(modules('pg-types/lib/textParsers.js')).init)];
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  const texts: Record<number, string[]> = {
    20: ['9007199254740993', '-1'],
    21: ['-32768'],
    23: ['2147483647'],
    26: ['16384'],
    700: ['1.5', 'NaN', 'Infinity'],
    701: ['-0.25'],
    16: ['t', 'f'],
    1082: ['2026-03-01'],
    1114: ['2026-03-01 12:30:00.123456'],
    1184: ['2026-03-01 12:30:00.123456+05:30', 'infinity'],
    114: ['{"a":[1]}'],
    3802: ['null'],
  };
  for (const [oid, parse] of ours) {
    const examples = texts[oid];
    if (!examples) expect(() => parse('{}')).toThrow(/left out of this bundle/);
    for (const text of examples ?? []) expect([oid, parse(text)]).toEqual([oid, theirs.get(oid)!(text)]);
  }
});

test('saslprep reads the same bits of every code point', () => {
  const part = leftOut.find(({ module }) => module === 'sparse-bitfield/index.js');
  const module = { exports: (_: { buffer: Buffer }): { get(bit: number): boolean } => ({ get: () => false }) };
  new Function('module', part?.source ?? '')(module);
  const whole = require('sparse-bitfield');
  const data: Buffer = require(modules('@mongodb-js/saslprep/dist/code-points-data.js')).default;
  let [offset, sets] = [0, 0];
  while (offset < data.length) {
    const size = data.readUInt32BE(offset);
    const buffer = data.subarray(offset + 4, offset + 4 + size);
    const [ours, theirs] = [module.exports({ buffer }), whole({ buffer })];
    let differing = 0;
    for (let point = 0; point <= 0x10ffff; point += 1) if (ours.get(point) !== theirs.get(point)) differing += 1;
    expect(differing).toBe(0);
    offset += 4 + size;
    sets += 1;
  }
  expect(sets).toBe(6);
});
