import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as constructs from '../../stacks/index.ts';
import { root } from '../house/blocks.ts';
import { DocComments } from '../house/doc-comments.ts';

const files = execFileSync('git', ['ls-files', 'stacks/*.ts', 'pipeline/contracts/*.ts'], {
  cwd: root,
  encoding: 'utf8',
});
const comments = new DocComments(
  files
    .trim()
    .split('\n')
    .map((path) => readFileSync(join(root, path), 'utf8')),
);
const names = Object.keys(constructs);

test('what can be imported has a comment, and an example that imports it', () => {
  expect(comments.withoutExample(names, 'keyturn')).toEqual([]);
  expect(comments.withoutBeginning(names)).toEqual([]);
  expect(names.length).toBeGreaterThanOrEqual(10);
});

test('every example compiles against the published entry point', () => {
  const { words, count, wrong } = comments.compileExamples(names);
  expect(words).toBe('');
  expect(count).toBeGreaterThanOrEqual(10);
  expect(wrong).toMatch(/wrong\.ts\(1,14\): error TS2322/);
});
