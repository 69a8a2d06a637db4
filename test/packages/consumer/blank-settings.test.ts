import { ApiKeyAcceptor } from '../../../packages/consumer/api-key-acceptor.ts';
import { JwtSigner } from '../../../packages/consumer/jwt-signer.ts';
import { JwtVerifier } from '../../../packages/consumer/jwt-verifier.ts';
import { getApiKey, getDatabaseConfig, getJwtConfig } from '../../../packages/consumer/read-config.ts';
import { rotatingFetch } from '../../../packages/consumer/rotating-fetch.ts';
import { RotatingPool } from '../../../packages/consumer/rotating-pool.ts';
import { caught } from './rotating-keys.ts';

const missing = expect.objectContaining({ code: 'ConfigurationMissingError' });
const invalid = expect.objectContaining({ code: 'ConfigurationInvalidError' });

/** What `process.env.NAME ?? ''` gives where NAME is not set, and what JavaScript gives where it is forgotten. */
const blanks = ['', '  ', undefined as unknown as string];

describe('a setting that is missing or blank is refused before anything is read', () => {
  const readers: [string, (secretId: string) => unknown][] = [
    ['RotatingPool', (secretId) => new RotatingPool({ secretId })],
    ['JwtSigner', (secretId) => new JwtSigner({ secretId })],
    ['JwtVerifier', (secretId) => new JwtVerifier({ secretId })],
    ['ApiKeyAcceptor', (secretId) => new ApiKeyAcceptor({ secretId })],
    ['rotatingFetch', (secretId) => rotatingFetch({ secretId })],
  ];
  test.each(readers)('%s without the name of a secret', (_name, make) => {
    for (const secretId of blanks) expect(() => make(secretId)).toThrow(missing);
  });

  test.each([
    ['getApiKey', (secretId: string) => getApiKey(secretId)],
    ['getJwtConfig', (secretId: string) => getJwtConfig(secretId)],
    ['getDatabaseConfig', (secretId: string) => getDatabaseConfig(secretId)],
  ])('%s without the name of a secret', async (_name, read) => {
    for (const secretId of blanks) expect(await caught(read(secretId))).toEqual(missing);
  });

  test.each(['issuer', 'audience', 'clientId'])('%s of a verifier, which would switch the check off', (name) => {
    const jwks = { url: 'https://issuer.example/jwks' };
    for (const value of ['', ' ', [], ['shop', ''], null]) {
      expect(() => new JwtVerifier({ jwks, [name]: value } as never)).toThrow(invalid);
    }
    expect(() => new JwtVerifier({ jwks, [name]: undefined } as never)).not.toThrow();
    expect(() => new JwtVerifier({ jwks, [name]: ['shop', 'api'] } as never)).not.toThrow();
  });

  test('the login of a pool, which is the secret’s', () => {
    for (const given of [{ connectionString: 'postgres://a:b@c/d' }, { user: 'a' }, { password: 'b' }]) {
      const name = Object.keys(given)[0] as string;
      expect(() => new RotatingPool({ secretId: 'app/db', ...given } as never)).toThrow(name);
      expect(() => new RotatingPool({ secretId: 'app/db', ...given } as never)).toThrow(invalid);
    }
  });
});
