import { readdirSync, rmSync, statSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'aws-on-this-laptop-';

/** A folder for one run, named after the process; folders of runs that were killed are swept up on the way. */
export async function makeRunDirectory(parent = tmpdir()): Promise<string> {
  sweepAbandoned(parent);
  return mkdtemp(join(parent, `${PREFIX}${process.pid}-`));
}

function sweepAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const owner = new RegExp(`^${PREFIX}(\\d+)-`).exec(name);
    if (!owner || isRunning(Number(owner[1]))) continue;
    const path = join(parent, name);
    // Another person's run on the same machine is theirs to sweep.
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() && found.uid === process.getuid?.()) rmSync(path, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not allowed to signal it means that it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
