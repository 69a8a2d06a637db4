import { createSecret, describeGrace } from '../../../pipeline/rotation/create-secret.ts';
import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { B, C, FLIGHT, idOf, type Labels, labelSecret, P } from './staged-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const NATIVE = '0b1c2d3e-0000-4000-8000-000000000000';

describe('createSecret', () => {
  test('stores what the rotator makes from AWSCURRENT, once', async () => {
    const secret = await labelSecret(laptop, { v1: [C] }, { script: { sweep: async () => undefined } });
    await secret.beginRotation('keyturn-v2');
    await secret.step('createSecret', 'keyturn-v2');
    await secret.step('createSecret', 'keyturn-v2');
    expect(secret.asked).toEqual(['sweep: current v1', 'create: current v1']);
    expect(secret.writes()).toEqual(['PutSecretValue']);
    expect(await secret.stages()).toEqual({ v1: [C], 'keyturn-v2': [P, FLIGHT] });
    const { store } = secret.rotationFunction();
    expect(await store.read(secret.arn, idOf('keyturn-v2'))).toBe('made');
  });

  test('passes the rotation token on', async () => {
    const secret = await labelSecret(laptop, { v1: [C] });
    await secret.beginRotation('keyturn-v2');
    const rotationToken = 'c0ffee00-0000-4000-8000-000000000000';
    secret.world.before = async ({ name }) => {
      if (name === 'PutSecretValue') throw new Error('seen');
    };
    await expect(secret.step('createSecret', 'keyturn-v2', { RotationToken: rotationToken })).rejects.toThrow('seen');
    expect(secret.sent.at(-1)?.input).toMatchObject({ RotationToken: rotationToken });
  });

  test('gives a rotation that Secrets Manager began to the workflow before it makes anything', async () => {
    const secret = await labelSecret(laptop, { v1: [C] });
    await secret.beginRotation(NATIVE);
    await secret.step('createSecret', NATIVE);
    expect(secret.asked).toEqual([`adopt ${NATIVE}`, 'create: current v1']);
  });

  test('gives no rotation of the workflow’s own to the workflow', async () => {
    const secret = await labelSecret(laptop, { v1: [C] });
    await secret.beginRotation('keyturn-v2');
    await secret.step('createSecret', 'keyturn-v2');
    expect(secret.asked).toEqual(['create: current v1']);
  });

  test('leaves a secret alone that an AWS service owns', async () => {
    const secret = await labelSecret(laptop, { v1: [C] });
    const rotationFunction = secret.rotationFunction();
    const described = { ...(await rotationFunction.store.describe(secret.arn)), owningService: 'rds' };
    const step = {
      rotationFunction,
      secret: described,
      settings: {},
      rotation: { token: NATIVE, secretArn: secret.arn },
    };
    await expect(createSecret(step as never)).rejects.toMatchObject({
      code: 'SecretUnusable',
      message: expect.stringContaining('owned by rds'),
    });
    expect([secret.asked, secret.writes()]).toEqual([[], []]);
  });
});

describe('inside the grace period', () => {
  const inGrace: Labels = { v1: [B], v2: [C, FLIGHT] };

  test.each(['keyturn-v3', NATIVE])('%s is refused, and its empty version does not block the next', async (token) => {
    const secret = await labelSecret(laptop, inGrace);
    const promotedAt = laptop.clock.now().getTime();
    await laptop.clock.advance(60_000);
    await secret.beginRotation(token);
    await expect(secret.step('createSecret', token)).rejects.toMatchObject({
      code: 'RotationInGrace',
      message: describeGrace(secret.name, new Date(promotedAt), 600),
    });
    expect(secret.writes()).toEqual([`AWSPENDING ${token} →`]);
    expect(await secret.stages()).toEqual(inGrace);
    expect(secret.asked).toEqual([]);
  });

  test('an emergency goes on', async () => {
    const secret = await labelSecret(laptop, inGrace);
    await secret.beginRotation('keyturn-emergency-v3');
    await secret.step('createSecret', 'keyturn-emergency-v3');
    expect(secret.asked).toEqual(['create: current v2']);
  });

  test('a rotation goes on where AWSCURRENT is not in flight', async () => {
    const secret = await labelSecret(laptop, { v1: [B, FLIGHT], v2: [C] });
    await secret.beginRotation('keyturn-v3');
    await secret.step('createSecret', 'keyturn-v3');
    expect(secret.asked).toEqual(['create: current v2']);
  });

  test('the refusal says until when, and the ways out', () => {
    const said = describeGrace('app/db', new Date('2026-03-01T00:00:00Z'), 600);
    expect(said).toMatch(/^app\/db was rotated, .*until 2026-03-01T00:10:00\.000Z\. /);
    expect(said).toContain('keyturn rotate app/db --retire-now');
    expect(said).toContain('keyturn rotate app/db --emergency');
    expect(describeGrace('app/db', undefined, 600)).toContain('until its retirement.');
  });
});
