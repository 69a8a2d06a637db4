import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as laptop from '../../../packages/laptop/index.ts';
import { root } from '../../house/blocks.ts';
import { DocComments } from '../../house/doc-comments.ts';

const files = execFileSync('git', ['ls-files', 'packages/laptop/*.ts'], { cwd: root, encoding: 'utf8' });
const comments = new DocComments(
  // The entry first: `loadAssembly` is declared in it, around another one.
  ['packages/laptop/index.ts', ...files.trim().split('\n')].map((path) => readFileSync(join(root, path), 'utf8')),
);
const names = Object.keys(laptop);

/** LaptopError's example shows how they are caught; the example of `writeEnvironmentFile` prints the command. */
const shownElsewhere = ['PortTaken', 'AssemblyUnusable', 'FileUnusable', 'sourceCommand'];

test('what can be imported has a comment, and an example that imports it', () => {
  const shown = names.filter((name) => !shownElsewhere.includes(name));
  expect(comments.withoutExample(shown, '@keyturn/laptop')).toEqual([]);
  expect(comments.withoutBeginning(names)).toEqual([]);
  expect(names.length).toBeGreaterThanOrEqual(11);
});

test('every example compiles against the published entry point', () => {
  const { words, count, wrong } = comments.compileExamples(names);
  expect(words).toBe('');
  expect(count).toBeGreaterThanOrEqual(7);
  expect(wrong).toMatch(/wrong\.ts\(1,14\): error TS2322/);
});
