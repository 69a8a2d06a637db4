import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HANDLERS = fileURLToPath(new URL('../handlers/', import.meta.url));

/**
 * The folder with the code of one function, as it lies in the package: `dist/constructs/index.js`, which holds this file,
 * stands beside `dist/handlers`.
 */
export function functionFolder(handler: string): string {
  return join(HANDLERS, handler);
}
