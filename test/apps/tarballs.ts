import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readDocument, root } from '../house/blocks.ts';

const { version } = JSON.parse(readDocument('package.json')) as { version: string };

/** What `npm run pack` writes, as an argument of `npm install`. */
export const tarballs = {
  keyturn: tarball('keyturn'),
  consumer: tarball('keyturn-consumer'),
  laptop: tarball('keyturn-laptop'),
} as const;

function tarball(name: string): string {
  const path = join(root, 'dist/tarballs', `${name}-${version}.tgz`);
  if (!existsSync(path))
    throw new Error(`${path} is missing: "npm run pack" makes it, and "npm run test:apps" runs it.`);
  return path;
}

const { packages: locked } = JSON.parse(readDocument('package-lock.json'));

/** A package in the version of the repository's lock file, such as `aws-cdk-lib@2.276.0`. */
export const asLocked = (name: string) => `${name}@${locked[`node_modules/${name}`].version}`;
