import type { RunningCloud } from '../../packages/laptop/running-cloud.ts';
import { install, writeApp } from './install-app.ts';
import { environmentFor, startLaptopBeside } from './laptop-beside.ts';
import { run } from './run-command.ts';
import { asLocked, tarballs } from './tarballs.ts';
import { temporaryFolder } from './temporary-folder.ts';

const testOfTheApp = `
const { getApiKey } = require('@keyturn/consumer');
const { JwtSigner, JwtVerifier } = require('@keyturn/consumer/jwt');

test('reads a secret', async () => {
  expect(await getApiKey('app/vendor')).toBe('the-key-of-the-vendor');
});
test('signs a token and verifies it', async () => {
  expect(process.execArgv.join() + process.env.NODE_OPTIONS).not.toContain('experimental-vm-modules');
  const token = await new JwtSigner({ secretId: 'app/jwt' }).sign({ sub: 'a reader' });
  const { claims } = await new JwtVerifier({ secretId: 'app/jwt' }).verify(token);
  expect(claims.sub).toBe('a reader');
});
`;

describe('an app whose tests run in jest, CommonJS', () => {
  const app = temporaryFolder('consumer-jest');
  let cloud: RunningCloud;
  beforeAll(async () => {
    await writeApp(app, {
      'package.json': { name: 'shop', version: '1.0.0', private: true },
      'reader.test.js': testOfTheApp,
    });
    await install(app, asLocked('jest'), tarballs.consumer);
    cloud = await startLaptopBeside();
  });
  afterAll(() => cloud?.close());

  test('reads a secret, signs and verifies without --experimental-vm-modules', async () => {
    await run(app, ['npx', 'jest', '--silent=false'], environmentFor(cloud));
  });
});
