import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of this package, from its sources as well as from the bundle that lies in .keyturn/cli. */
export const PACKAGE_ROOT = above(fileURLToPath(import.meta.url));

function above(path: string): string {
  const folder = dirname(path);
  return existsSync(join(folder, 'package.json')) ? folder : above(folder);
}
