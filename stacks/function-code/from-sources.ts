import { bundleHandler } from '../../tools/bundle.ts';

/** The folder with the code of `handlers/<handler>.ts`, bundled now: inside the repository nothing has to be built first. */
export function functionFolder(handler: string): string {
  return bundleHandler(handler);
}
