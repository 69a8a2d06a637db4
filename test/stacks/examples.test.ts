import * as constructs from '../../stacks/index.ts';
import { DocComments } from '../house/doc-comments.ts';

const comments = new DocComments('stacks/*.ts', 'pipeline/contracts/*.ts');
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
