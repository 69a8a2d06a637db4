import { lstatSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { FileUnusable } from '../errors.ts';
import type { RunningCloud } from '../running-cloud.ts';
import { makePrivateFile, type Remove, removeOwnFile } from './private-file.ts';

/**
 * Where runs leave their keys: `~/.keyturn`, or what LAPTOP_RUN_FOLDER names.
 *
 * @example
 * ```ts
 * import { createCloud, runFolder } from '@keyturn/laptop';
 *
 * // Other programs of this user find the cloud by `laptop-<port>.json` in this folder.
 * await createCloud({ runFolder: runFolder() });
 * ```
 */
export function runFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  return environment.LAPTOP_RUN_FOLDER || join(homedir(), '.keyturn');
}

type Described = Pick<RunningCloud, 'port' | 'endpointUrl' | 'region' | 'administrator' | 'pageToken'>;

/**
 * Writes `laptop-<port>.json`: how programs of this user reach the run, and its key. Only this user may read it.
 *
 * @throws FileUnusable
 */
export function writeRunFile(folder: string, cloud: Described): Remove {
  requireOwnFolder(folder);
  const path = join(folder, `laptop-${cloud.port}.json`);
  // The port is this run's, so a file of that name is of a run that was killed.
  removeOwnFile(path);
  const { endpointUrl, region, administrator, pageToken } = cloud;
  const run = { schemaVersion: 1, endpoint: endpointUrl, region, ...administrator, pageToken };
  return makePrivateFile(path, `${JSON.stringify(run, null, 2)}\n`);
}

function requireOwnFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new FileUnusable(`${folder} cannot be made: ${code}. LAPTOP_RUN_FOLDER names another folder.`, { cause });
  }
  const { uid, mode } = lstatSync(folder);
  // Where another account may write, it may put its own key in place of the run's.
  if ((process.getuid !== undefined && uid !== process.getuid()) || (mode & 0o022) !== 0) {
    throw new FileUnusable(
      `${folder} must belong to this user, and no other user may write in it: chmod go-w it, or name another folder by LAPTOP_RUN_FOLDER.`,
    );
  }
}
