import * as consumer from '../../../packages/consumer/index.ts';
import * as jwt from '../../../packages/consumer/jwt.ts';
import * as parameters from '../../../packages/consumer/parameters.ts';
import * as pool from '../../../packages/consumer/pool.ts';
import { DocComments } from '../../house/doc-comments.ts';

const comments = new DocComments(':(glob)packages/consumer/*.ts');
const exported = Object.entries({ ...consumer, ...jwt, ...parameters, ...pool });
const names = exported.map(([name]) => name);

/** SecretError's example shows how all of them are caught. */
const isOtherError = (name: string, value: unknown) =>
  value !== consumer.SecretError &&
  Object.prototype.isPrototypeOf.call(consumer.SecretError, value as object) &&
  name !== 'TokenRefusedError';

test('what can be imported has a comment, and an example that imports it', () => {
  const shown = exported.filter(([name, value]) => !isOtherError(name, value)).map(([name]) => name);
  expect(comments.withoutExample(shown, '@keyturn/consumer')).toEqual([]);
  expect(names.length).toBeGreaterThan(25);
});

test('the comment of a class or function begins with how it is used, before its example', () => {
  expect(comments.withoutBeginning(names)).toEqual([]);
});

test('every example compiles against the published entry points', () => {
  const { words, count, wrong } = comments.compileExamples(names);
  expect(words).toBe('');
  expect(count).toBeGreaterThanOrEqual(17);
  expect(wrong).toMatch(/wrong\.ts\(1,14\): error TS2322/);
});
