import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

function git(root: string, ...words: string[]): string[] {
  return execFileSync('git', words, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
}

/** Every file of the repository, new ones included. */
export function listFiles(root: string): string[] {
  return git(root, 'ls-files', '--cached', '--others', '--exclude-standard').filter((path) =>
    existsSync(join(root, path)),
  );
}

/** Files that differ from where this branch left `base`, committed or not, new ones included. */
export function listChangedFiles(root: string, base: string): string[] {
  const [start] = git(root, 'merge-base', 'HEAD', base);
  const changed = git(root, 'diff', '--name-only', '--diff-filter=d', start as string);
  return [...new Set([...changed, ...git(root, 'ls-files', '--others', '--exclude-standard')])];
}
