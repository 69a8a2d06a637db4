import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { createServer as createTlsServer, request as tlsRequest } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import {
  GetSecretValueCommand,
  SecretsManagerClient,
  type SecretsManagerClientConfig,
} from '@aws-sdk/client-secrets-manager';
import { throughProxy } from '../../../packages/consumer/client-proxy.ts';
import { RotatingSecretsProvider } from '../../../packages/consumer/rotating-secrets-provider.ts';
import { createCertificateAuthority } from '../../../packages/laptop/postgres/certificates.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { clientConfig, makeSecret, startStores } from './laptop.ts';

const variables = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
const before = Object.fromEntries(variables.map((name) => [name, process.env[name]]));
let cloud: RunningCloud;
let far: Server;
let proxy: Server;
let proxyUrl: string;
/** What the proxy was asked, and where it leads. */
let asked: { authority: string | undefined; login: string | undefined }[];
let leadTo: number;
let answer = 'HTTP/1.1 200 Connection established\r\n\r\n';
const sockets = new Set<Socket>();

beforeAll(async () => {
  // It answers to no name but the loopback's, so what comes by the far name is passed on under the near one.
  cloud = await startStores({ anyCredentials: true });
  far = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const { port } = cloud;
    const onward = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { ...headers, host: `127.0.0.1:${port}` },
    });
    onward.on('response', (reply) => reply.pipe(outgoing.writeHead(reply.statusCode ?? 0, reply.headers)));
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve));
  proxy = createServer((_request, response) => response.writeHead(405).end());
  proxy.on('connect', (request: IncomingMessage, client: Socket, head: Buffer) => {
    asked.push({ authority: request.url, login: request.headers['proxy-authorization'] });
    const target = connect(leadTo, '127.0.0.1', () => {
      client.write(answer);
      target.write(head);
      client.pipe(target).pipe(client);
    });
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
});
beforeEach(() => {
  for (const name of variables) delete process.env[name];
  asked = [];
  leadTo = (far.address() as AddressInfo).port;
  answer = 'HTTP/1.1 200 Connection established\r\n\r\n';
});
afterAll(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  for (const socket of sockets) socket.destroy();
  for (const server of [proxy, far]) await new Promise((resolve) => server.close(resolve));
  await cloud.close();
});

/** The cloud under a name that only the proxy can resolve. */
const farConfig = () => ({
  ...clientConfig(cloud),
  endpoint: 'http://secretsmanager.far.test:8000',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

test.each([
  'HTTP_PROXY',
  'http_proxy',
])('a provider reads through %s, with the login that the URL holds', async (name) => {
  await makeSecret(cloud, `app/${name}`, 'one');
  process.env[name] = proxyUrl.replace('//', '//user%40x:p%40ss@');
  const provider = new RotatingSecretsProvider({ clientConfig: farConfig() });
  expect(await provider.get(`app/${name}`)).toBe('one');
  const login = `Basic ${Buffer.from('user@x:p@ss').toString('base64')}`;
  expect(asked).toEqual([{ authority: 'secretsmanager.far.test:8000', login }]);
});

test('connections through the proxy are kept and used again', async () => {
  await makeSecret(cloud, 'app/kept', 'one');
  process.env.HTTP_PROXY = proxyUrl;
  const provider = new RotatingSecretsProvider({ clientConfig: farConfig() });
  for (let i = 0; i < 5; i += 1) await provider.get('app/kept', { forceFetch: true });
  expect(asked).toHaveLength(1);
});

test.each([
  ['far.test', false],
  ['.far.test', false],
  ['*.far.test', false],
  ['other.test, secretsmanager.far.test:8000', false],
  ['*', false],
  ['ar.test', true],
  ['secretsmanager.far.test:9000', true],
])('NO_PROXY=%s: through the proxy: %s', async (NO_PROXY, isProxied) => {
  process.env.HTTP_PROXY = proxyUrl;
  process.env.NO_PROXY = NO_PROXY;
  const client = new SecretsManagerClient({ ...throughProxy<SecretsManagerClientConfig>(farConfig()) });
  const error = await caught(client.send(new GetSecretValueCommand({ SecretId: 'app/none' })));
  // The name resolves behind the proxy only, where the cloud answers.
  expect(error.name === 'ResourceNotFoundException').toBe(isProxied);
  expect(asked.length).toBe(isProxied ? 1 : 0);
});

test('this machine is never reached through a proxy', async () => {
  await makeSecret(cloud, 'app/near', 'one');
  process.env.HTTP_PROXY = proxyUrl;
  expect(await new RotatingSecretsProvider({ clientConfig: clientConfig(cloud) }).get('app/near')).toBe('one');
  expect(asked).toEqual([]);
});

test('without a variable, or with a handler of one’s own, the configuration is left as it is', () => {
  const config = farConfig();
  expect(throughProxy(config)).toBe(config);
  process.env.HTTPS_PROXY = proxyUrl;
  const own = { ...config, requestHandler: { connectionTimeout: 1 } };
  expect(throughProxy(own)).toBe(own);
});

test('HTTPS_PROXY: TLS is with the target, verified, through the tunnel', async () => {
  const authority = await createCertificateAuthority('Far CA');
  const certificate = await authority.issue({ hosts: ['secretsmanager.far.test'] });
  const far = createTlsServer(
    { key: certificate.privateKeyPem, cert: certificate.certificatePem },
    (_request, response) => {
      response.end('far');
    },
  );
  await new Promise<void>((resolve) => far.listen(0, '127.0.0.1', resolve));
  leadTo = (far.address() as AddressInfo).port;
  process.env.HTTPS_PROXY = proxyUrl;
  const { requestHandler } = throughProxy<SecretsManagerClientConfig>({}) as { requestHandler: { httpsAgent: never } };
  const ask = (ca: string | undefined) =>
    new Promise<string>((resolve, reject) => {
      const { httpsAgent: agent } = requestHandler;
      tlsRequest({ host: 'secretsmanager.far.test', port: 8443, agent, ca }, async (response) => {
        let text = '';
        for await (const chunk of response) text += chunk;
        resolve(text);
      })
        .on('error', reject)
        .end();
    });
  try {
    expect(await ask(authority.certificatePem)).toBe('far');
    expect(asked[0]?.authority).toBe('secretsmanager.far.test:8443');
    expect((await caught(ask(undefined)))?.code).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/);
  } finally {
    await new Promise((resolve) => far.close(resolve));
  }
});

test.each([
  ['refuses the tunnel', 'HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n', '407'],
  ['refuses the target', 'HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n', '403'],
])('a proxy that %s: the error says so', async (_name, words, code) => {
  answer = words;
  process.env.HTTP_PROXY = proxyUrl;
  const provider = new RotatingSecretsProvider({ clientConfig: farConfig(), observe: () => undefined });
  const error = await caught(provider.get('app/none'));
  expect(error).toMatchObject({ code: 'SecretUnavailableError' });
  expect(error.cause.message).toContain(code);
});

test('a proxy that is not there, and one that is no URL: neither error quotes the password', async () => {
  process.env.HTTP_PROXY = 'http://user:hunter2@127.0.0.1:1';
  const provider = new RotatingSecretsProvider({ clientConfig: farConfig(), observe: () => undefined });
  const error = await caught(provider.get('app/none'));
  expect(error).toMatchObject({ code: 'SecretUnavailableError' });
  expect(`${error.message} ${error.cause.message}`).not.toContain('hunter2');
  process.env.HTTP_PROXY = 'socks://user:hunter2@host';
  expect(() => new RotatingSecretsProvider({ clientConfig: farConfig() })).toThrow(
    /HTTP_PROXY is not the URL of a proxy(?!.*hunter2)/,
  );
});
