import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import type { Laptop } from '../pipeline/rotators/native-rotation.ts';
import { openFunctionLaptop, underHandler } from './laptop.ts';

let laptop: Laptop;
let rotateJwt: (event: unknown) => Promise<unknown>;
beforeAll(async () => {
  laptop = await openFunctionLaptop();
  ({ handler: rotateJwt } = await import('../../handlers/rotate-jwt.ts'));
});
afterAll(() => laptop.close());

test('the rotation function, driven by RotateSecret: a ring is made, then its next key signs', async () => {
  const secret = await underHandler(laptop, rotateJwt, {
    value: JSON.stringify({ jwt_secret_key: 'of-old-times', jwt_algorithm: 'HS256' }),
    kind: 'jwt',
    rotator: { algorithm: 'EdDSA' },
  });
  const { VersionId: before } = await laptop.secrets.send(new GetSecretValueCommand({ SecretId: secret.arn }));
  const token = await secret.rotate();
  const first = JSON.parse(secret.value());
  expect(first).toMatchObject({ jwt_secret_key: 'of-old-times', jwt_key_ring: { next: { alg: 'EdDSA' } } });
  const retired = await rotateJwt({
    operation: 'Retire',
    secretArn: secret.arn,
    versionId: token,
    previousVersionId: before,
    promotedAt: new Date().toISOString(),
  });
  expect(retired).toEqual({ retired: true });
  await secret.rotate();
  expect(JSON.parse(secret.value())).toMatchObject({
    jwt_algorithm: 'EdDSA',
    jwt_key_ring: { current: first.jwt_key_ring.next },
  });
});

test.each([
  {},
  null,
  'text',
  { operation: 'Erase' },
  { Step: 'createSecret' },
])('%j is refused by name', async (event) => {
  await expect(rotateJwt(event)).rejects.toMatchObject({ name: 'InputInvalid' });
});
