import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { B, C, FAILED, FLIGHT, type LabelledSecret, type Labels, labelSecret, P } from './staged-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const abandon = (secret: LabelledSecret) => secret.ask('Abandon', { version: 'keyturn-v2' });
const candidate: Labels = { v0: [B], v1: [C], 'keyturn-v2': [P, FLIGHT] };
const sweep = { sweep: async () => undefined };

/** Another process writes right before the n-th look of the rotation function. */
function atLook(secret: LabelledSecret, number: number, write: (secret: LabelledSecret) => Promise<unknown>) {
  let looks = 0;
  secret.world.before = async ({ name }) => {
    if (name === 'DescribeSecret' && ++looks === number) await write(secret);
  };
}

describe('Abandon', () => {
  test('detaches AWSPENDING, has the target forget the candidate, sweeps up, and closes the rotation, in this order', async () => {
    const order: string[] = [];
    const secret = await labelSecret(laptop, candidate, {
      script: {
        sweep: async () => void order.push('sweep'),
        abandon: async (rotation) => {
          await rotation.assertNotOvertaken();
          order.push('abandon');
        },
      },
    });
    secret.world.before = ({ name, input }) => {
      if (name === 'UpdateSecretVersionStage') order.push(String(input.VersionStage));
    };
    expect(await abandon(secret)).toEqual({ abandoned: true, detachedPending: true });
    expect(order).toEqual([P, 'abandon', 'sweep', FLIGHT]);
    expect(secret.asked).toEqual(['abandon: current v1, candidate keyturn-v2', 'sweep: current v1']);
    expect(secret.writes()).toEqual(['AWSPENDING keyturn-v2 →', 'KEYTURN_IN_FLIGHT keyturn-v2 →']);
    expect(await secret.stages()).toEqual({ v0: [B], v1: [C] });
  });

  test('goes on where AWSPENDING was taken already', async () => {
    const secret = await labelSecret(laptop, { v1: [C], 'keyturn-v2': [FLIGHT] });
    expect(await abandon(secret)).toEqual({ abandoned: true, detachedPending: false });
    expect(secret.asked).toEqual(['abandon: current v1, candidate keyturn-v2']);
    expect(secret.writes()).toEqual(['KEYTURN_IN_FLIGHT keyturn-v2 →']);
  });

  test('that comes twice detaches nothing more', async () => {
    const secret = await labelSecret(laptop, candidate);
    await abandon(secret);
    const writes = secret.writes();
    expect(await abandon(secret)).toEqual({ abandoned: true, detachedPending: false });
    expect(secret.writes()).toEqual(writes);
  });

  test.each<[string, Labels]>([
    ['AWSCURRENT', { v1: [B], 'keyturn-v2': [C, FLIGHT] }],
    ['AWSPREVIOUS: another value was put over it', { v3: [C], 'keyturn-v2': [B, FLIGHT] }],
  ])('leaves alone what is %s', async (_case, labels) => {
    const secret = await labelSecret(laptop, labels);
    expect(await abandon(secret)).toEqual({ abandoned: false, reason: 'promoted' });
    expect([secret.asked, secret.writes()]).toEqual([[], []]);
  });

  test.each<[string, (secret: LabelledSecret) => Promise<unknown>]>([
    ['AWSCURRENT', ({ move }) => move(C, { from: 'v1', to: 'keyturn-v2' })],
    [
      'AWSPREVIOUS',
      async ({ move, put }) => {
        await move(C, { from: 'v1', to: 'keyturn-v2' });
        await put('v3');
      },
    ],
  ])('leaves the target alone where the candidate became %s while AWSPENDING went', async (_case, write) => {
    const secret = await labelSecret(laptop, candidate);
    atLook(secret, 2, write);
    expect(await abandon(secret)).toEqual({ abandoned: false, reason: 'promoted' });
    expect(secret.asked).toEqual([]);
    expect(secret.writes()).toEqual(['AWSPENDING keyturn-v2 →']);
  });

  test('of what was promoted and replaced takes AWSPENDING alone, whatever is put meanwhile', async () => {
    const secret = await labelSecret(laptop, { v3: [C], 'keyturn-v2': [B, P, FLIGHT] });
    atLook(secret, 2, ({ put }) => put('v4'));
    expect(await abandon(secret)).toEqual({ abandoned: false, reason: 'promoted' });
    expect(secret.writes()).toEqual(['AWSPENDING keyturn-v2 →']);
    expect(secret.asked).toEqual([]);
  });

  test.each<[string, Labels, boolean]>([
    ['still there', { v1: [C], 'keyturn-v2': [B, P, FLIGHT, FAILED] }, true],
    ['gone', { v1: [C], 'keyturn-v2': [B, FAILED] }, false],
  ])('of what was rolled back leaves the target to the roll-back, AWSPENDING %s', async (_case, labels, detached) => {
    const secret = await labelSecret(laptop, labels);
    expect(await abandon(secret)).toEqual({ abandoned: true, detachedPending: detached });
    expect(secret.writes()).toEqual(detached ? ['AWSPENDING keyturn-v2 →'] : []);
    expect(secret.asked).toEqual([]);
  });

  test('has the target accept again what was promoted after it had forgotten it', async () => {
    const secret = await labelSecret(laptop, candidate, {
      script: { abandon: () => secret.move(C, { from: 'v1', to: 'keyturn-v2' }).then(() => undefined) },
    });
    expect(await abandon(secret)).toEqual({ abandoned: false, reason: 'promoted' });
    expect(secret.asked.at(-1)).toBe('restore: failed v1, previous keyturn-v2');
    expect(secret.writes()).toEqual(['AWSPENDING keyturn-v2 →']);
  });

  test('that was overtaken changes nothing more at the target, and closes what is left', async () => {
    const secret = await labelSecret(laptop, candidate, {
      script: {
        abandon: async (rotation) => {
          await secret.put('v3');
          await rotation.assertNotOvertaken();
          secret.asked.push('the target was changed');
        },
      },
    });
    expect(await abandon(secret)).toEqual({ abandoned: true, detachedPending: true });
    expect(secret.asked).toEqual(['abandon: current v1, candidate keyturn-v2']);
    expect(secret.writes()).toEqual(['AWSPENDING keyturn-v2 →', 'KEYTURN_IN_FLIGHT keyturn-v2 →']);
  });

  test('whose target fails leaves the rotation open, for the next call', async () => {
    const secret = await labelSecret(laptop, candidate, {
      script: { abandon: () => Promise.reject(new Error('away')) },
    });
    await expect(abandon(secret)).rejects.toThrow('away');
    expect(await secret.stages()).toMatchObject({ 'keyturn-v2': [FLIGHT] });
  });

  describe('of a candidate without a value', () => {
    test('asks the target for nothing, and sweeps up what create may have left', async () => {
      const secret = await labelSecret(laptop, { v1: [C] }, { script: sweep });
      await secret.beginRotation('keyturn-v2');
      expect(await abandon(secret)).toEqual({ abandoned: true, detachedPending: true });
      expect(secret.asked).toEqual(['sweep: current v1']);
      expect(secret.writes()).toEqual(['AWSPENDING keyturn-v2 →']);
    });

    test('does not need AWSCURRENT to be a payload: that is why create failed', async () => {
      const secret = await labelSecret(laptop, { v1: [C] }, { script: sweep, invalid: ['v1'] });
      await secret.beginRotation('keyturn-v2');
      expect(await abandon(secret)).toEqual({ abandoned: true, detachedPending: true });
      expect(secret.asked).toEqual([]);
    });

    test('fails where what create left cannot be swept up', async () => {
      const secret = await labelSecret(
        laptop,
        { v1: [C] },
        { script: { sweep: () => Promise.reject(new Error('away')) } },
      );
      await secret.beginRotation('keyturn-v2');
      await expect(abandon(secret)).rejects.toThrow('away');
    });

    test('that carries no label is not read', async () => {
      const secret = await labelSecret(laptop, { v1: [C] });
      expect(await abandon(secret)).toEqual({ abandoned: true, detachedPending: false });
      const read = secret.sent.filter(({ name }) => name === 'GetSecretValue').map(({ input }) => input.VersionId);
      expect(read).toEqual([expect.stringMatching(/^v1/)]);
    });
  });

  test('of a candidate with a value needs AWSCURRENT: the target is repaired to it', async () => {
    const secret = await labelSecret(laptop, candidate, { invalid: ['v1'] });
    await expect(abandon(secret)).rejects.toMatchObject({ code: 'PayloadInvalid' });
  });

  test('of an emergency says so to the target', async () => {
    const seen: unknown[] = [];
    const secret = await labelSecret(
      laptop,
      { v1: [C], 'keyturn-emergency-v2': [P, FLIGHT] },
      {
        script: {
          abandon: async ({ emergency, secretName, settings }) => void seen.push(emergency, secretName, settings),
        },
      },
    );
    await secret.ask('Abandon', { version: 'keyturn-emergency-v2' });
    expect(seen).toEqual([true, secret.name, { of: 'the rotator' }]);
  });
});
