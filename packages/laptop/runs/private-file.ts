import { closeSync, fstatSync, lstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { FileUnusable } from '../errors.ts';

/** Takes the file away again, unless another has come to its place. May be called twice. */
export type Remove = () => void;

/**
 * Makes a file that only this user may read. It is made exclusively: what lies there already, a link of another account
 * too, is never written through.
 *
 * @throws FileUnusable
 */
export function makePrivateFile(path: string, text: string): Remove {
  try {
    const file = openSync(path, 'wx', 0o600);
    try {
      writeSync(file, text);
      const { ino, dev } = fstatSync(file);
      return () => {
        const found = lstatSync(path, { throwIfNoEntry: false });
        if (found?.ino === ino && found.dev === dev) rmSync(path);
      };
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const remedy = code === 'EEXIST' ? 'it is there already: remove it, or name another file' : `${code}`;
    throw new FileUnusable(`${path} cannot be made: ${remedy}.`, { cause });
  }
}

/** Removes a regular file of this user; anything else stays where it is. */
export function removeOwnFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() && found.uid === process.getuid?.()) rmSync(path);
}
