import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alone } from '../../../tools/pack/lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'packing-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const lock = () => join(folder, 'dist/packing.lock');

test('while one process packs, another is refused with its number; afterwards it may', async () => {
  await alone(lock(), async () => {
    await expect(alone(lock(), async () => 'second')).rejects.toMatchObject({
      code: 'PackingUnderWay',
      message: expect.stringContaining(`process ${process.pid} does`),
    });
  });
  expect(await alone(lock(), async () => 'second')).toBe('second');
});

test('a pack that fails gives the lock back', async () => {
  await expect(alone(lock(), () => Promise.reject(new Error('no space')))).rejects.toThrow('no space');
  expect(await alone(lock(), async () => 'second')).toBe('second');
});

test.each(['999999999', 'no number', ''])('the lock of a killed process (%j) is taken over', async (content) => {
  await alone(lock(), async () => undefined);
  await writeFile(lock(), content);
  expect(await alone(lock(), async () => 'second')).toBe('second');
});
