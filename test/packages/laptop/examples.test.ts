import * as laptop from '../../../packages/laptop/index.ts';
import { DocComments } from '../../house/doc-comments.ts';

// The entry first: `loadAssembly` is declared in it, around another one.
const comments = new DocComments('packages/laptop/index.ts', 'packages/laptop/*.ts');
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
