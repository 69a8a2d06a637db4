import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { createRemoteJWKSet, jwtVerify, SignJWT } from 'jose';
import type { Laptop } from '../pipeline/rotators/native-rotation.ts';
import { openFunctionLaptop } from './laptop.ts';

let laptop: Laptop;
let serveJwks: (event: unknown) => Promise<{ statusCode: number; headers: Record<string, string>; body: string }>;
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
beforeAll(async () => {
  laptop = await openFunctionLaptop({ KEYTURN_JWT_SECRET_ARN: 'app/jwt', KEYTURN_JWKS_MAX_AGE_SECONDS: '120' });
  await laptop.secrets.send(
    new CreateSecretCommand({
      Name: 'app/jwt',
      SecretString: JSON.stringify({ jwt_secret_key: pem, jwt_algorithm: 'ES256' }),
    }),
  );
  ({ handler: serveJwks } = await import('../../handlers/serve-jwks.ts'));
});
afterAll(() => laptop.close());

/** The event of a function URL for a request: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html */
const event = (path: string, headers: Record<string, string> = {}) => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: path,
  rawQueryString: '',
  headers,
  requestContext: {
    accountId: 'anonymous',
    http: { method: 'GET', path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
  },
  isBase64Encoded: false,
});

test('a verifier that knows the URL alone verifies what the secret’s key signs', async () => {
  const front = createServer(async (request, response) => {
    const answer = await serveJwks(event(request.url as string, request.headers as Record<string, string>));
    response.writeHead(answer.statusCode, answer.headers);
    response.end(answer.body);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = front.address() as AddressInfo;
    const keySet = createRemoteJWKSet(new URL(`http://127.0.0.1:${port}/.well-known/jwks.json`));
    const token = await new SignJWT({ sub: 'me' }).setProtectedHeader({ alg: 'ES256' }).sign(privateKey);
    expect((await jwtVerify(token, keySet)).payload.sub).toBe('me');
  } finally {
    front.closeAllConnections();
    await new Promise((resolve) => front.close(resolve));
  }
});

test('what it serves has the age of the environment’s setting, and nothing of the private key', async () => {
  const { headers, body, statusCode } = await serveJwks(event('/'));
  expect(statusCode).toBe(200);
  expect(headers['cache-control']).toMatch(/^public, max-age=1[01]\d|120, must-revalidate$/);
  expect(body).not.toContain(privateKey.export({ format: 'jwk' }).d as string);
});

test('a value that is no key leaves what was read before, and no trace in the answer', async () => {
  await laptop.secrets.send(new PutSecretValueCommand({ SecretId: 'app/jwt', SecretString: 'hunter2' }));
  expect((await serveJwks(event('/jwks.json'))).body).not.toContain('hunter2');
});

test.each([
  null,
  {},
  { version: '1.0', httpMethod: 'GET', path: '/' },
])('%j is no event of format 2.0', async (other) => {
  await expect(serveJwks(other)).rejects.toMatchObject({ name: 'InputInvalid' });
});
