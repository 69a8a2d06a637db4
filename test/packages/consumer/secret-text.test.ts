import { ApiKeyAcceptor } from '../../../packages/consumer/api-key-acceptor.ts';
import { getApiKey, getDatabaseConfig, getJwtConfig } from '../../../packages/consumer/read-config.ts';
import { rotatingFetch } from '../../../packages/consumer/rotating-fetch.ts';
import type { VersionedReader } from '../../../packages/consumer/versioned-reader.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { asPerson, environment, startStores } from './laptop.ts';
import { caught } from './rotating-keys.ts';

let cloud: RunningCloud;
beforeAll(async () => {
  cloud = await startStores();
});
afterEach(() => cloud.reset());
afterAll(() => cloud.close());

async function stored(value: string | Uint8Array): Promise<VersionedReader> {
  const content = typeof value === 'string' ? { SecretString: value } : { SecretBinary: value };
  await asPerson(cloud, 'secretsmanager', 'CreateSecret', { Name: 'app/value', ...content });
  return environment(cloud).provider;
}

const key = '{"api_key":"k1","host":"h","username":"u","password":"p","jwt_secret_key":"k"}';
const bytes = (text: string) => new TextEncoder().encode(text);

const readers: [string, (provider: VersionedReader) => Promise<unknown>][] = [
  ['getApiKey', (provider) => getApiKey('app/value', { provider })],
  ['getDatabaseConfig', (provider) => getDatabaseConfig('app/value', { provider })],
  ['getJwtConfig', (provider) => getJwtConfig('app/value', { provider })],
  ['ApiKeyAcceptor', (provider) => new ApiKeyAcceptor({ secretId: 'app/value', provider }).accepts('k1')],
  [
    'rotatingFetch',
    (provider) => {
      const send = (async () => new Response('ok')) as typeof fetch;
      return rotatingFetch({ secretId: 'app/value', provider, fetch: send })('https://vendor.example/');
    },
  ],
];

describe.each(readers)('%s', (_name, read) => {
  test.each([
    ['text', key],
    ['text behind a byte order mark', `\ufeff${key}`],
    ['bytes', bytes(key)],
    ['bytes behind a byte order mark', bytes(`\ufeff${key}`)],
  ])('reads a value of %s', async (_form, value) => {
    await expect(read(await stored(value))).resolves.toBeTruthy();
  });

  test('says of bytes that are no text what they are, and does not show them', async () => {
    const error = await caught(read(await stored(Uint8Array.of(0xff, 0xfe, 0x41, 0x42, 0x80))));
    expect(error).toMatchObject({ code: 'SecretMalformedError', message: expect.stringContaining('5 bytes') });
    expect(error.message).not.toContain('AB');
  });
});
