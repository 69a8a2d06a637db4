import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';

/**
 * Makes a folder that other processes may be making too. A reader finds it whole, or not at all. `make` fills a draft
 * beside it; the first one wins, since all make the same.
 */
export async function makeOnce(folder: string, make: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${folder}.${randomUUID()}`;
  await make(draft);
  await rename(draft, folder).catch(async (error: NodeJS.ErrnoException) => {
    await rm(draft, { recursive: true, force: true });
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
}
