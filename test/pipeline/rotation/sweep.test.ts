import { openRotation } from '../../../pipeline/rotation/rotation-function.ts';
import { sweep } from '../../../pipeline/rotation/sweep.ts';
import type { SweptVersions } from '../../../pipeline/rotators/rotator.ts';
import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { B, C, FAILED, FLIGHT, idOf, type Labels, labelSecret, P } from './staged-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

/** Sweeps on behalf of a candidate that is not stored yet. */
async function sweepBeside(labels: Labels, { token = 'keyturn-v9', ageSeconds = 0, invalid = [] as string[] } = {}) {
  const swept: SweptVersions<unknown>[] = [];
  const secret = await labelSecret(laptop, labels, {
    invalid,
    script: { sweep: async (_rotation, versions) => void swept.push(versions) },
  });
  const madeAt = laptop.clock.now();
  await laptop.clock.advance(ageSeconds * 1_000);
  const rotationFunction = secret.rotationFunction();
  const described = await rotationFunction.store.describe(secret.arn);
  const rotation = openRotation({ secretArn: secret.arn, secretName: secret.name, token: idOf(token), settings: {} });
  await sweep(rotationFunction, described, rotation);
  const names = (versions: readonly { versionId: string }[]) =>
    versions.map((version) => version.versionId.replace(/\.+$/, ''));
  const [versions] = swept;
  return {
    secret,
    madeAt,
    swept: versions && {
      current: names([versions.current])[0],
      known: names(versions.known).sort(),
      spent: names(versions.spent),
      isSettled: versions.isSettled,
      currentSince: versions.currentSince,
    },
  };
}

describe('a sweep', () => {
  test('knows every version that carries a label and has a value, and since when AWSCURRENT is there', async () => {
    const { swept, madeAt } = await sweepBeside({ v0: ['KEPT'], v1: [B], v2: [C, FLIGHT], v3: [FAILED] });
    expect(swept).toEqual({
      current: 'v2',
      known: ['v0', 'v1', 'v2', 'v3'],
      spent: ['v3'],
      isSettled: false,
      currentSince: madeAt,
    });
  });

  test.each([
    ['before the grace period is over', 599, false, []],
    ['when it is over', 600, true, ['v1']],
  ])('AWSPREVIOUS under a value that was put by hand, %s', async (_case, ageSeconds, isSettled, spent) => {
    const { swept } = await sweepBeside({ v1: [B], v2: [C] }, { ageSeconds });
    expect(swept).toMatchObject({ isSettled, spent });
  });

  test('spares its own candidate, which has no value yet', async () => {
    const swept: SweptVersions<unknown>[] = [];
    const script = { sweep: async (_rotation: unknown, versions: SweptVersions<unknown>) => void swept.push(versions) };
    const secret = await labelSecret(laptop, { v1: [C] }, { script });
    await secret.beginRotation('keyturn-v2');
    const rotationFunction = secret.rotationFunction();
    const described = await rotationFunction.store.describe(secret.arn);
    const token = idOf('keyturn-v2');
    const rotation = openRotation({ secretArn: secret.arn, secretName: secret.name, token, settings: {} });
    await sweep(rotationFunction, described, rotation);
    expect(swept.map(({ known, spent }) => [known.length, spent])).toEqual([[1, []]]);
  });

  test('by a rotator that makes nothing outside reads nothing', async () => {
    const secret = await labelSecret(laptop, { v1: [C] });
    const rotationFunction = secret.rotationFunction();
    const described = await rotationFunction.store.describe(secret.arn);
    const rotation = openRotation({ secretArn: secret.arn, secretName: secret.name, token: 't', settings: {} });
    await sweep(rotationFunction, described, rotation);
    expect(secret.sent.map(({ name }) => name)).toEqual(['DescribeSecret']);
  });

  test('of an emergency is settled at once, and spares nothing', async () => {
    const { swept } = await sweepBeside({ v0: ['KEPT'], v1: [B], v2: [C, FLIGHT] }, { token: 'keyturn-emergency-v9' });
    expect(swept?.isSettled).toBe(true);
    expect(swept?.spent.sort()).toEqual(['v0', 'v1']);
  });

  test('does nothing beside another candidate: what that one has not stored looks like an orphan', async () => {
    const { swept, secret } = await sweepBeside({ v1: [C], 'keyturn-v2': [P] });
    expect(swept).toBeUndefined();
    expect(secret.sent.map(({ name }) => name)).toEqual(['DescribeSecret']);
  });

  test('fails where a version that it has to spare cannot be read', async () => {
    const options = { invalid: ['v1'] };
    await expect(sweepBeside({ v1: [B], v2: [C, FLIGHT] }, options)).rejects.toMatchObject({ code: 'PayloadInvalid' });
  });

  test.each<[string, (secret: Awaited<ReturnType<typeof labelSecret>>) => Promise<unknown>]>([
    ['another candidate', ({ put }) => put('keyturn-v3', [P])],
    ['another AWSCURRENT', ({ put }) => put('v3')],
  ])('ends in silence where it was overtaken by %s between looking and removing', async (_case, write) => {
    const removed: string[] = [];
    const secret: Awaited<ReturnType<typeof labelSecret>> = await labelSecret(
      laptop,
      { v1: [B], v2: [C, FLIGHT] },
      {
        script: {
          sweep: async (rotation) => {
            await rotation.assertNotOvertaken();
            removed.push('one');
            await write(secret);
            await rotation.assertNotOvertaken();
            removed.push('another');
          },
        },
      },
    );
    const rotationFunction = secret.rotationFunction();
    const described = await rotationFunction.store.describe(secret.arn);
    const rotation = openRotation({ secretArn: secret.arn, secretName: secret.name, token: idOf('v2'), settings: {} });
    await sweep(rotationFunction, described, rotation);
    expect(removed).toEqual(['one']);
  });
});
