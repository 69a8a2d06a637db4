import { clearCaches } from '@aws-lambda-powertools/parameters';
import { DEFAULT_PROVIDERS } from '@aws-lambda-powertools/parameters/base';
import {
  GetParameterError,
  ParameterNotFoundError,
  TransformParameterError,
} from '@aws-lambda-powertools/parameters/errors';
import { getSecret, SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import { SSMProvider } from '@aws-lambda-powertools/parameters/ssm';
import { installForPowertools, setDefaultProvider } from '../../../packages/consumer/defaults.ts';
import { RotatingParametersProvider } from '../../../packages/consumer/rotating-parameters-provider.ts';
import { RotatingSecretsProvider } from '../../../packages/consumer/rotating-secrets-provider.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import {
  asPerson,
  clientConfig,
  makeSecret,
  parametersClient,
  putSecret,
  reads,
  secretsClient,
  startStores,
} from './laptop.ts';

/** One suite for the original and for ours: what Powertools offers keeps working. */
let cloud: RunningCloud;

beforeAll(async () => {
  cloud = await startStores();
});
afterEach(() => cloud.reset());
afterAll(() => cloud.close());

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

describe.each([
  ['Powertools’ SecretsProvider', SecretsProvider],
  ['RotatingSecretsProvider', RotatingSecretsProvider],
])('%s', (_name, Provider) => {
  const provider = () => new Provider({ awsSdkV3Client: secretsClient(cloud) });

  test('reads a secret, and again from its cache', async () => {
    await makeSecret(cloud, 'app/key', 'one');
    const reader = provider();
    expect(await reader.get('app/key')).toBe('one');
    expect(await reader.get('app/key')).toBe('one');
    expect(reads(cloud)).toBe(1);
  });

  test('makes its own client from clientConfig', async () => {
    await makeSecret(cloud, 'app/key', 'one');
    expect(await new Provider({ clientConfig: clientConfig(cloud) }).get('app/key')).toBe('one');
  });

  test('forceFetch reads although a value is warm, and the value it brings is cached', async () => {
    await makeSecret(cloud, 'app/key', 'one');
    const reader = provider();
    await reader.get('app/key', { maxAge: 60 });
    await putSecret(cloud, 'app/key', 'two');
    expect(await reader.get('app/key')).toBe('one');
    expect(await reader.get('app/key', { forceFetch: true, maxAge: 60 })).toBe('two');
    expect(await reader.get('app/key')).toBe('two');
    expect(reads(cloud)).toBe(2);
  });

  test('maxAge 0 caches nothing', async () => {
    await makeSecret(cloud, 'app/key', 'one');
    const reader = provider();
    await reader.get('app/key', { maxAge: 0 });
    await putSecret(cloud, 'app/key', 'two');
    expect(await reader.get('app/key', { maxAge: 0 })).toBe('two');
  });

  test('transforms: json and binary; a binary secret comes as bytes', async () => {
    await makeSecret(cloud, 'app/db', '{"port":5432}');
    await makeSecret(cloud, 'app/text', Buffer.from('grüezi').toString('base64'));
    await asPerson(cloud, 'secretsmanager', 'CreateSecret', {
      Name: 'app/bytes',
      SecretBinary: Buffer.from([1, 2, 255]),
    });
    expect(await provider().get('app/db', { transform: 'json' })).toEqual({ port: 5432 });
    expect(await provider().get('app/text', { transform: 'binary' })).toBe('grüezi');
    expect(Buffer.from((await provider().get('app/bytes')) as Uint8Array)).toEqual(Buffer.from([1, 2, 255]));
  });

  test('what cannot be transformed throws TransformParameterError', async () => {
    await makeSecret(cloud, 'app/key', 'not JSON: hunter2');
    expect(await caught(provider().get('app/key', { transform: 'json' }))).toBeInstanceOf(TransformParameterError);
  });

  test('sdkOptions choose the label or the version', async () => {
    const { versionId } = await makeSecret(cloud, 'app/key', 'one');
    await putSecret(cloud, 'app/key', 'two');
    expect(await provider().get('app/key', { sdkOptions: { VersionStage: 'AWSPREVIOUS' } })).toBe('one');
    expect(await provider().get('app/key', { sdkOptions: { VersionId: versionId } })).toBe('one');
  });

  test('a missing secret: GetParameterError with its cause, or ParameterNotFoundError where asked for', async () => {
    const error = await caught(provider().get('app/none'));
    expect(error).toBeInstanceOf(GetParameterError);
    expect(error.cause).toMatchObject({ name: 'ResourceNotFoundException' });
    expect(await caught(provider().get('app/none', { throwOnMissing: true }))).toBeInstanceOf(ParameterNotFoundError);
  });

  test('clearCache forgets; getMultiple is not a thing of Secrets Manager', async () => {
    await makeSecret(cloud, 'app/key', 'one');
    const reader = provider();
    await reader.get('app/key');
    reader.clearCache();
    await reader.get('app/key');
    expect(reads(cloud)).toBe(2);
    expect(await caught(reader.getMultiple('app') as unknown as Promise<unknown>)).toBeInstanceOf(Error);
  });

  test('a value can be put into the cache by hand, transformed or not', async () => {
    const reader = provider();
    reader.addToCache('app/hand,', 'by hand', 60);
    reader.addToCache('app/object,json', { by: 'hand' }, 60);
    expect(reader.hasKeyExpiredInCache('app/hand,')).toBe(false);
    expect(reader.hasKeyExpiredInCache('app/other,')).toBe(true);
    expect(await reader.get('app/hand')).toBe('by hand');
    expect(await reader.get('app/object', { transform: 'json' })).toEqual({ by: 'hand' });
    expect(reads(cloud)).toBe(0);
  });
});

describe('getSecret() of Powertools, with ours installed', () => {
  afterEach(() => {
    Reflect.deleteProperty(DEFAULT_PROVIDERS, 'secrets');
    setDefaultProvider(undefined);
  });

  test('reads through our cache: an invalidation reaches it, clearCaches() clears it', async () => {
    await makeSecret(cloud, 'app/db', '{"n":1}');
    const provider = installForPowertools(new RotatingSecretsProvider({ awsSdkV3Client: secretsClient(cloud) }));
    expect(await getSecret('app/db', { transform: 'json', maxAge: 3_600 })).toEqual({ n: 1 });
    const second = await putSecret(cloud, 'app/db', '{"n":2}');
    expect(await getSecret('app/db', { transform: 'json' })).toEqual({ n: 1 });
    provider.invalidate('app/db', second);
    expect(await getSecret('app/db', { transform: 'json' })).toEqual({ n: 2 });
    expect(provider.held()).toMatchObject([{ secretId: 'app/db', versionId: second }]);
    clearCaches();
    expect(provider.held()).toEqual([]);
  });

  test('a shared provider that is none of secrets is refused in words', () => {
    setDefaultProvider(new RotatingParametersProvider({ awsSdkV3Client: parametersClient(cloud) }));
    expect(() => installForPowertools()).toThrow('pass it');
  });
});

describe.each([
  ['Powertools’ SSMProvider', SSMProvider],
  ['RotatingParametersProvider', RotatingParametersProvider],
])('%s', (_name, Provider) => {
  const provider = () => new Provider({ awsSdkV3Client: parametersClient(cloud) });
  const put = (Name: string, Value: string, Type = 'String') =>
    asPerson(cloud, 'ssm', 'PutParameter', { Name, Value, Type, Overwrite: true });

  test('reads a parameter, and again from its cache; forceFetch reads anew', async () => {
    await put('/app/flag', 'on');
    const reader = provider();
    expect(await reader.get('/app/flag')).toBe('on');
    await put('/app/flag', 'off');
    expect(await reader.get('/app/flag')).toBe('on');
    expect(await reader.get('/app/flag', { forceFetch: true })).toBe('off');
    expect(reads(cloud, 'GetParameter')).toBe(2);
  });

  test('decrypts a SecureString only where asked to', async () => {
    await put('/app/key', 'sealed', 'SecureString');
    const reader = provider();
    expect(await reader.get('/app/key', { decrypt: true })).toBe('sealed');
    expect(await reader.get('/app/key', { forceFetch: true })).not.toBe('sealed');
  });

  test('json, throwOnMissing, selectors', async () => {
    await put('/app/config', '{"n":1}');
    await put('/app/config', '{"n":2}');
    expect(await provider().get('/app/config', { transform: 'json' })).toEqual({ n: 2 });
    expect(await provider().get('/app/config:1', { transform: 'json' })).toEqual({ n: 1 });
    expect(await caught(provider().get('/app/none', { throwOnMissing: true }))).toBeInstanceOf(ParameterNotFoundError);
    expect(await caught(provider().get('/app/none'))).toBeInstanceOf(GetParameterError);
  });

  test('getMultiple, getParametersByName and set', async () => {
    const writer = provider();
    expect(await writer.set('/app/one', { value: '1' })).toBe(1);
    await writer.set('/app/two', { value: '{"n":2}' });
    expect(await provider().getMultiple('/app')).toEqual({ one: '1', two: '{"n":2}' });
    const byName = await provider().getParametersByName({ '/app/one': {}, '/app/two': { transform: 'json' } });
    expect(byName).toEqual({ '/app/one': '1', '/app/two': { n: 2 } });
  });
});
