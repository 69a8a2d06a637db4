import { X509Certificate } from 'node:crypto';
import { getDatabaseUrl } from '../../../packages/consumer/database-url.ts';
import { setDefaultProvider } from '../../../packages/consumer/defaults.ts';
import { healthCheck, testConnection } from '../../../packages/consumer/health.ts';
import { getApiKey, getDatabaseConfig, getJwtConfig } from '../../../packages/consumer/read-config.ts';
import { RotatingParametersProvider } from '../../../packages/consumer/rotating-parameters-provider.ts';
import { RotatingSecretsProvider } from '../../../packages/consumer/rotating-secrets-provider.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import {
  asPerson,
  environment,
  makeSecret,
  parametersClient,
  putSecret,
  secretsClient,
  startStores,
} from './laptop.ts';

const login = {
  engine: 'postgres',
  host: 'db.example',
  port: '5433',
  username: 'app user',
  password: 'p@ss/w:rd?#%ü',
  dbname: 'shop',
};
const names = [
  'DATABASE_URL',
  'DB_SECRET_ARN',
  'DATABASE_HOST',
  'DATABASE_PORT',
  'DATABASE_NAME',
  'DATABASE_USER',
  'DATABASE_PASSWORD',
  'DATABASE_SSL',
  'PGSSLROOTCERT',
  'SECRET_PREFIX',
  'SECRET_CACHE_TTL',
  'POWERTOOLS_PARAMETERS_MAX_AGE',
];
const before = Object.fromEntries(names.map((name) => [name, process.env[name]]));
let cloud: RunningCloud;

beforeAll(async () => {
  cloud = await startStores();
});
beforeEach(() => {
  for (const name of names) delete process.env[name];
  setDefaultProvider(environment(cloud).provider);
});
afterEach(async () => {
  setDefaultProvider(undefined);
  await cloud.reset();
});
afterAll(async () => {
  for (const [name, value] of Object.entries(before)) if (value !== undefined) process.env[name] = value;
  await cloud.close();
});

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

describe('getDatabaseConfig', () => {
  test('AWS’s format, as pg takes it; TLS unless the secret itself turns it off', async () => {
    const { versionId } = await makeSecret(cloud, 'app/db', JSON.stringify(login));
    const config = await getDatabaseConfig('app/db');
    expect(config).toEqual({
      host: 'db.example',
      port: 5433,
      database: 'shop',
      dbName: 'shop',
      user: 'app user',
      username: 'app user',
      password: 'p@ss/w:rd?#%ü',
      tls: true,
      ssl: { rejectUnauthorized: true, ca: expect.any(Array) },
      dialectOptions: { ssl: config.ssl },
      driverOptions: { ssl: config.ssl },
      versionId,
    });
    await putSecret(cloud, 'app/db', JSON.stringify({ ...login, ssl: 'False' }));
    expect(await getDatabaseConfig('app/db', { maxAge: 0 })).toMatchObject({
      tls: false,
      ssl: false,
      dialectOptions: { ssl: false },
    });
  });

  test('a host of RDS is verified with the roots of its region and Amazon’s, any other with all', async () => {
    const roots = async (host: string) => {
      await putSecret(cloud, 'app/db', JSON.stringify({ ...login, host }));
      const { ssl } = await getDatabaseConfig('app/db', { maxAge: 0 });
      return ((ssl as { ca: string[] }).ca ?? []).map((pem) => new X509Certificate(pem).subject.replaceAll('\n', ' '));
    };
    await makeSecret(cloud, 'app/db', JSON.stringify(login));
    for (const host of ['shop.c1.eu-west-1.rds.amazonaws.com', 'shop.proxy-c1.eu-west-1.rds.amazonaws.com']) {
      const found = await roots(host);
      expect(found.length).toBeLessThan(12);
      expect(found.filter((name) => name.includes('Amazon RDS eu-west-1 Root CA RSA2048 G1'))).toHaveLength(1);
      expect(found.filter((name) => name.includes('CN=Amazon Root CA 1'))).toHaveLength(1);
      expect(found.filter((name) => name.includes('Amazon RDS us-'))).toEqual([]);
    }
    expect((await roots('db.shop.internal')).length).toBeGreaterThan(200);
    expect((await roots('shop.c1.xx-new-9.rds.amazonaws.com')).length).toBeGreaterThan(200);
  });

  test('port and database have AWS’s defaults', async () => {
    const { port, dbname, ...rest } = login;
    await makeSecret(cloud, 'app/db', JSON.stringify(rest));
    expect(await getDatabaseConfig('app/db')).toMatchObject({ port: 5432, database: 'postgres' });
  });

  test('without a name it is DB_SECRET_ARN’s; without both it says what to set', async () => {
    process.env.DB_SECRET_ARN = (await makeSecret(cloud, 'app/db', JSON.stringify(login))).arn;
    expect(await getDatabaseConfig()).toMatchObject({ host: 'db.example' });
    delete process.env.DB_SECRET_ARN;
    expect(await caught(getDatabaseConfig())).toMatchObject({
      code: 'ConfigurationMissingError',
      message: expect.stringContaining('DB_SECRET_ARN'),
    });
  });

  test.each([
    ['no JSON', 'hunter2', 'expected JSON'],
    ['a missing field', JSON.stringify({ username: 'app', password: 'hunter2' }), 'host: expected'],
    ['a port that is none', JSON.stringify({ ...login, port: 'hunter2' }), 'port: expected'],
    ['ssl that says neither', JSON.stringify({ ...login, ssl: 'hunter2' }), 'ssl: expected'],
  ])('%s: the error names the place and never the value', async (_name, value, words) => {
    await makeSecret(cloud, 'app/db', value);
    const error = await caught(getDatabaseConfig('app/db'));
    expect(error).toMatchObject({ code: 'SecretMalformedError', message: expect.stringContaining(words) });
    expect(`${error.message} ${error.stack} ${JSON.stringify(error)} ${error.cause}`).not.toContain('hunter2');
  });
});

describe('SECRET_PREFIX', () => {
  test('is put before names, and neither before ARNs nor twice', async () => {
    process.env.SECRET_PREFIX = 'prod/';
    const { arn } = await makeSecret(cloud, 'prod/db', JSON.stringify(login));
    for (const name of ['db', 'prod/db', arn])
      expect(await getDatabaseConfig(name)).toMatchObject({ database: 'shop' });
  });
});

describe('SECRET_CACHE_TTL', () => {
  test.each([
    ['SECRET_CACHE_TTL', { SECRET_CACHE_TTL: '2', POWERTOOLS_PARAMETERS_MAX_AGE: '100' }, 2],
    ['Powertools’ variable', { POWERTOOLS_PARAMETERS_MAX_AGE: '3' }, 3],
    ['300 seconds', { SECRET_CACHE_TTL: 'soon' }, 300],
  ])('the default age is that of %s', async (_name, variables, seconds) => {
    Object.assign(process.env, variables);
    await makeSecret(cloud, 'app/key', 'one');
    const { provider, clock } = environment(cloud);
    await provider.get('app/key');
    const second = await putSecret(cloud, 'app/key', 'two');
    clock.now += seconds * 1000 - 1;
    expect(await provider.get('app/key')).toBe('one');
    clock.now += 1;
    expect(await provider.getVersioned('app/key')).toEqual({ value: 'two', versionId: second });
  });
});

describe('getJwtConfig', () => {
  test('the fields people use, numbers as numbers, unknown ones kept', async () => {
    const value = {
      jwt_secret_key: 'hunter2',
      jwt_algorithm: 'HS256',
      jwt_access_token_expire_minutes: '15',
      theirs: 1,
    };
    const { versionId } = await makeSecret(cloud, 'app/jwt', JSON.stringify(value));
    expect(await getJwtConfig('app/jwt')).toEqual({ ...value, jwt_access_token_expire_minutes: 15, versionId });
    await putSecret(cloud, 'app/jwt', JSON.stringify({ ...value, jwt_algorithm: 'none' }));
    expect(await caught(getJwtConfig('app/jwt', { maxAge: 0 }))).toMatchObject({
      code: 'SecretMalformedError',
      message: expect.stringContaining('jwt_algorithm'),
    });
  });
});

describe('getApiKey', () => {
  test.each([
    ['plain text', 'sk-1', undefined],
    ['plain text with the newline of a pasted line', 'sk-1\n', undefined],
    ['JSON under a usual name', '{"id":"k","api_key":"sk-1"}', undefined],
    ['JSON under a name of one’s own', '{"secret":"sk-1","api_key":"other"}', 'secret'],
  ])('%s', async (_name, value, field) => {
    await makeSecret(cloud, 'app/key', value);
    expect(await getApiKey('app/key', field ? { field } : {})).toBe('sk-1');
  });

  test('JSON without it: the error says how to name the field', async () => {
    await makeSecret(cloud, 'app/key', '{"unusual":"hunter2"}');
    const error = await caught(getApiKey('app/key'));
    expect(error.message).toContain('getApiKey(id, { field })');
    expect(error.message).not.toContain('hunter2');
  });

  test('from a SecureString parameter', async () => {
    await asPerson(cloud, 'ssm', 'PutParameter', { Name: '/app/key', Value: 'sk-1', Type: 'SecureString' });
    const provider = new RotatingParametersProvider({ awsSdkV3Client: parametersClient(cloud), decrypt: true });
    expect(await getApiKey('/app/key', { provider })).toBe('sk-1');
  });
});

describe('getDatabaseUrl', () => {
  test('DATABASE_URL first; TLS is verified where it does not say', async () => {
    process.env.DATABASE_URL = 'postgresql://app:p%40ss@db.example/shop?application_name=x';
    process.env.DB_SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:0:secret:unread';
    expect(await getDatabaseUrl()).toBe(`${process.env.DATABASE_URL}&sslmode=verify-full`);
    process.env.DATABASE_URL = 'postgres://app:p@db.example/shop?sslmode=disable';
    expect(await getDatabaseUrl()).toBe(process.env.DATABASE_URL);
  });

  test.each(['prefer', 'allow', 'no-verify'])('sslmode=%s gives TLS up silently, and is refused', async (mode) => {
    process.env.DATABASE_URL = `postgresql://app:hunter2@db.example/shop?sslmode=${mode}`;
    const error = await caught(getDatabaseUrl());
    expect(error).toMatchObject({
      code: 'ConfigurationInvalidError',
      message: expect.stringContaining('sslmode=verify-full'),
    });
    expect(error.message).not.toContain('hunter2');
  });

  test('what is no PostgreSQL URL is not quoted', async () => {
    for (const url of ['hunter2', 'mysql://app:hunter2@db.example/shop', 'postgresql://app:hunter2@[']) {
      process.env.DATABASE_URL = url;
      const error = await caught(getDatabaseUrl());
      expect(error).toMatchObject({ code: 'ConfigurationInvalidError' });
      expect(`${error.message} ${error.cause}`).not.toContain('hunter2');
    }
  });

  test('then the secret, with special characters encoded: the URL reads back as what it was made of', async () => {
    process.env.DB_SECRET_ARN = (await makeSecret(cloud, 'app/db', JSON.stringify(login))).arn;
    process.env.PGSSLROOTCERT = '/etc/rds.pem';
    const url = new URL(await getDatabaseUrl());
    expect([url.username, url.password].map(decodeURIComponent)).toEqual([login.username, login.password]);
    expect([url.host, url.pathname, url.searchParams.get('sslmode'), url.searchParams.get('sslrootcert')]).toEqual([
      'db.example:5433',
      '/shop',
      'verify-full',
      '/etc/rds.pem',
    ]);
  });

  test('then the parts', async () => {
    Object.assign(process.env, {
      DATABASE_HOST: '::1',
      DATABASE_USER: 'app',
      DATABASE_PASSWORD: 'p@',
      DATABASE_SSL: 'False',
    });
    expect(await getDatabaseUrl()).toBe('postgresql://app:p%40@[::1]:5432/postgres?sslmode=disable');
  });

  test('nothing, or not enough: the error says what is missing', async () => {
    process.env.DATABASE_HOST = 'db.example';
    expect(await caught(getDatabaseUrl())).toMatchObject({
      code: 'ConfigurationMissingError',
      message: expect.stringMatching(/DB_SECRET_ARN.*DATABASE_USER, DATABASE_PASSWORD are missing/),
    });
    Object.assign(process.env, { DATABASE_USER: 'app', DATABASE_PASSWORD: 'p', DATABASE_PORT: '99999' });
    expect(await caught(getDatabaseUrl())).toMatchObject({ code: 'ConfigurationInvalidError' });
  });
});

describe('testConnection and healthCheck', () => {
  test('of the shared provider', async () => {
    const { versionId } = await makeSecret(cloud, 'app/db', 'one');
    expect(await testConnection('app/db')).toMatchObject({ ok: true, versionId });
    expect(await testConnection('app/none')).toMatchObject({ ok: false, code: 'SecretNotFoundError' });
    expect(healthCheck()).toMatchObject({ status: 'unhealthy', statistics: { fetches: 2, failures: 1 } });
    expect(await caught(testConnection())).toMatchObject({ code: 'ConfigurationMissingError' });
  });

  test('of a provider of one’s own', async () => {
    const provider = new RotatingSecretsProvider({ awsSdkV3Client: secretsClient(cloud) });
    await makeSecret(cloud, 'app/db', 'one');
    await testConnection('app/db', { provider });
    expect(healthCheck({ provider }).status).toBe('healthy');
    expect(healthCheck().secrets).toEqual([]);
  });
});
