import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { makeJavaScriptApp, synthesize } from './cdk-app.ts';
import { install, writeApp } from './install-app.ts';
import { run } from './run-command.ts';
import { endLaptops, type RunningLaptop, startLaptop } from './running-laptop.ts';
import { tarballs } from './tarballs.ts';
import { temporaryFolder } from './temporary-folder.ts';

const parent = temporaryFolder('laptop');
const alone = temporaryFolder('laptop-alone');
let app: string;
beforeAll(async () => {
  app = await makeJavaScriptApp(parent);
  await synthesize(app);
  await install(app, '--save-dev', tarballs.laptop);
});
afterAll(endLaptops);

// What npx starts: npx itself ends by the signal, and its exit code says nothing of the laptop's.
test.each([
  ['keyturn local, where the laptop is installed', () => app, ['node_modules/.bin/keyturn', 'local']],
  ['laptop, where Keyturn is not installed', () => laptopAlone(), ['node_modules/.bin/laptop']],
])("%s: runs the app's assembly until it is interrupted", async (_, folder, command) => {
  const laptop = await startLaptop(await folder(), [...command, '--assembly', 'cdk.out', '--port', '0']);
  expect(laptop.ready).toMatch(/^Ready on http:\/\/127\.0\.0\.1:\d+: ShopStack with \d\d+ resources\. /);
  const value = JSON.parse(await readSecret(laptop, 'app/database'));
  expect(value).toMatchObject({ username: 'app', password: expect.stringMatching(/^.{32}$/) });
  expect(await laptop.interrupt()).toBe(0);
});

/** Only the laptop, and an assembly that was made elsewhere. */
async function laptopAlone(): Promise<string> {
  await writeApp(alone, { 'package.json': { name: 'elsewhere', version: '1.0.0', private: true } });
  await install(alone, tarballs.laptop);
  await cp(join(app, 'cdk.out'), join(alone, 'cdk.out'), { recursive: true });
  return alone;
}

/** With the key that the run has left for programs of its user. */
async function readSecret({ endpoint, runFolder }: RunningLaptop, SecretId: string): Promise<string> {
  const path = join(runFolder, `laptop-${new URL(endpoint).port}.json`);
  const { region, accessKeyId, secretAccessKey } = JSON.parse(await readFile(path, 'utf8'));
  const client = new SecretsManagerClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey } });
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
    return SecretString ?? '';
  } finally {
    client.destroy();
  }
}

test('npx finds both commands', async () => {
  expect(await run(app, ['npx', 'keyturn', '--version'])).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(await run(app, ['npx', 'laptop', '--version'])).toMatch(/^\d+\.\d+\.\d+\n$/);
});
