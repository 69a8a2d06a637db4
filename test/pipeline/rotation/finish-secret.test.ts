import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { B, C, FAILED, FLIGHT, labelSecret, P } from './staged-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const labels = { v0: [B], v1: [C], 'keyturn-v2': [P, FLIGHT] };

/** Another process writes when the rotation function has moved AWSCURRENT, before it looks again. */
async function finishWith(meanwhile: (secret: Awaited<ReturnType<typeof labelSecret>>) => Promise<unknown>) {
  const secret = await labelSecret(laptop, labels);
  let looks = 0;
  secret.world.before = async ({ name }) => {
    if (name !== 'DescribeSecret') return;
    looks += 1;
    if (looks === 2) await meanwhile(secret);
  };
  await secret.step('finishSecret', 'keyturn-v2');
  return secret;
}

describe('finishSecret', () => {
  test('moves AWSCURRENT from the version that it was seen on, and asks nothing of the target', async () => {
    const secret = await finishWith(async () => undefined);
    expect(secret.writes()).toEqual(['AWSCURRENT v1 → keyturn-v2']);
    expect(secret.asked).toEqual([]);
    expect(await secret.stages()).toMatchObject({ v1: [B], 'keyturn-v2': expect.arrayContaining([C, FLIGHT]) });
  });

  test('does not overwrite another writer’s value', async () => {
    const secret = await labelSecret(laptop, labels);
    secret.world.before = async ({ name }) => {
      if (name === 'UpdateSecretVersionStage') await secret.put('v3');
    };
    await expect(secret.step('finishSecret', 'keyturn-v2')).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
    expect(await secret.stages()).toMatchObject({ v3: [C], v1: [B] });
  });

  test('has the target accept again what was given up while it was promoted', async () => {
    const secret = await finishWith(({ move }) => move(FLIGHT, { from: 'keyturn-v2' }));
    expect(secret.asked).toEqual(['restore: failed v1, previous keyturn-v2']);
    expect(secret.writes()).toEqual(['AWSCURRENT v1 → keyturn-v2']);
  });

  test('leaves the target alone where it was rolled back already', async () => {
    const secret = await finishWith(async ({ move }) => {
      await move(FAILED, { to: 'keyturn-v2' });
      await move(C, { from: 'keyturn-v2', to: 'v1' });
      await move(FLIGHT, { from: 'keyturn-v2' });
    });
    expect(secret.asked).toEqual([]);
  });
});
