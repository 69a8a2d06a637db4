import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Another process packs into the same folders. */
export class PackingUnderWay extends Error {
  readonly code = 'PackingUnderWay';
}

/**
 * Does work that no other process does at the same time. A lock that a killed process left is taken over.
 * @throws PackingUnderWay
 */
export async function alone<Result>(lockPath: string, work: () => Promise<Result>): Promise<Result> {
  await mkdir(dirname(lockPath), { recursive: true });
  await take(lockPath);
  try {
    return await work();
  } finally {
    await rm(lockPath, { force: true });
  }
}

async function take(lockPath: string): Promise<void> {
  try {
    await writeFile(lockPath, `${process.pid}\n`, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holder = Number(await readFile(lockPath, 'utf8').catch(() => ''));
    if (isRunning(holder)) {
      throw new PackingUnderWay(
        `Expected no other process that packs, process ${holder} does (${lockPath}). Wait for its end.`,
      );
    }
    await rm(lockPath, { force: true });
    await take(lockPath);
  }
}

/** Signal 0 is only a question. https://nodejs.org/docs/latest-v20.x/api/process.html#processkillpid-signal */
function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
