import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { NEWEST_CDK } from './cdk-app.ts';
import { install, writeApp } from './install-app.ts';
import { printFigure } from './print-figure.ts';
import { run } from './run-command.ts';
import { asLocked, tarballs } from './tarballs.ts';
import { temporaryFolder } from './temporary-folder.ts';

const folder = temporaryFolder('sizes');
async function emptyApp(name: string): Promise<string> {
  return writeApp(join(folder, name), { 'package.json': { name, version: '1.0.0', private: true } });
}

async function installedKilobytes(app: string): Promise<number> {
  return Number((await run(app, ['du', '-sk', 'node_modules'])).split('\t')[0]);
}

/** As `du -sm` prints it: the next megabyte. */
const megabytes = (kilobytes: number) => Math.ceil(kilobytes / 1024);

test.each([
  { name: 'keyturn', most: 3_000_000 },
  { name: 'consumer', most: 200_000 },
  { name: 'laptop', most: 600_000 },
] as const)('the tarball of $name has at most $most bytes', async ({ name, most }) => {
  const { size } = await stat(tarballs[name]);
  printFigure(`tarball ${name}`, `${size} bytes`);
  expect(size).toBeLessThanOrEqual(most);
});

test('keyturn adds at most 12 MB beside aws-cdk-lib', async () => {
  const app = await emptyApp('keyturn');
  await install(app, NEWEST_CDK, asLocked('constructs'));
  const before = await installedKilobytes(app);
  await install(app, tarballs.keyturn);
  const added = (await installedKilobytes(app)) - before;
  printFigure('installed keyturn', `${added} kB beside aws-cdk-lib and constructs, which take ${before} kB`);
  expect(megabytes(added)).toBeLessThanOrEqual(12);
});

test('@keyturn/consumer takes at most 22 MB with its dependencies', async () => {
  const app = await emptyApp('consumer');
  // As locked, as far as a lock file can say it: a release of the SDK is not a failure of ours.
  const locked = ['@aws-lambda-powertools/parameters', '@aws-sdk/client-secrets-manager', 'jose', 'valibot'].map(
    asLocked,
  );
  await install(app, tarballs.consumer, ...locked);
  const taken = await installedKilobytes(app);
  printFigure('installed @keyturn/consumer', `${taken} kB with its dependencies`);
  expect(megabytes(taken)).toBeLessThanOrEqual(22);
});

test('@keyturn/laptop takes at most 200 MB with its dependencies', async () => {
  const app = await emptyApp('laptop');
  await install(app, tarballs.laptop);
  const taken = await installedKilobytes(app);
  printFigure('installed @keyturn/laptop', `${taken} kB with its dependencies`);
  expect(megabytes(taken)).toBeLessThanOrEqual(200);
});
