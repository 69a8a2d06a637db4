import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { makeRunDirectory } from '../../../packages/laptop/run-directory.ts';

let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'run-directory-'));
});
afterEach(() => rm(parent, { recursive: true }));

test('what a killed run left is swept up, what a running one has is not', async () => {
  const gone = join(parent, 'aws-on-this-laptop-999999999-abc');
  const other = join(parent, 'something-else');
  await mkdir(join(gone, 'data'), { recursive: true });
  await mkdir(other);
  const first = await makeRunDirectory(parent);
  const second = await makeRunDirectory(parent);
  expect([gone, other, first, second].map((path) => existsSync(path))).toEqual([false, true, true, true]);
});
