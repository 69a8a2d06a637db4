import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { B, C, FLIGHT, labelSecret, P } from './staged-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const labels = { v0: [B], v1: [C], 'keyturn-v2': [P, FLIGHT] };

describe.each([
  ['setSecret', 'set'],
  ['testSecret', 'test'],
])('%s', (step, operation) => {
  test('works on the candidate and on AWSCURRENT', async () => {
    const secret = await labelSecret(laptop, labels);
    await secret.step(step, 'keyturn-v2');
    expect(secret.asked).toEqual([`${operation}: current v1, pending keyturn-v2`]);
    expect(secret.sent.filter(({ name }) => name === 'GetSecretValue')).toHaveLength(2);
    expect(secret.writes()).toEqual([]);
  });

  test('is refused where createSecret has stored nothing', async () => {
    const secret = await labelSecret(laptop, { v1: [C] });
    await secret.beginRotation('keyturn-v2');
    await expect(secret.step(step, 'keyturn-v2')).rejects.toMatchObject({
      code: 'StepRefused',
      message: expect.stringContaining('keyturn-v2'),
    });
    expect(secret.asked).toEqual([]);
  });

  describe('of a strategy that may fall back', () => {
    const usesPrevious = { usesPrevious: () => true };

    test('knows AWSPREVIOUS too', async () => {
      const secret = await labelSecret(laptop, labels, { script: usesPrevious });
      await secret.step(step, 'keyturn-v2');
      expect(secret.asked).toEqual([`${operation}: current v1, pending keyturn-v2, previous v0`]);
    });

    test('does without one that is not there, or whose value is no payload', async () => {
      const first = await labelSecret(laptop, { v1: [C], 'keyturn-v2': [P] }, { script: usesPrevious });
      await first.step(step, 'keyturn-v2');
      const other = await labelSecret(laptop, labels, { script: usesPrevious, invalid: ['v0'] });
      await other.step(step, 'keyturn-v2');
      const alone = `${operation}: current v1, pending keyturn-v2`;
      expect([first.asked, other.asked]).toEqual([[alone], [alone]]);
    });

    test('fails where AWSPREVIOUS cannot be read', async () => {
      const secret = await labelSecret(laptop, labels, { script: usesPrevious });
      secret.world.before = async ({ input }) => {
        if (String(input.VersionId).startsWith('v0')) throw new Error('no way to KMS');
      };
      await expect(secret.step(step, 'keyturn-v2')).rejects.toThrow('no way to KMS');
    });

    test('asks by the settings, and does not read it where they say no', async () => {
      const seen: unknown[] = [];
      const no = (settings: unknown) => seen.push(settings) < 0;
      const secret = await labelSecret(laptop, labels, { script: { usesPrevious: no } });
      await secret.step(step, 'keyturn-v2');
      expect(secret.asked).toEqual([`${operation}: current v1, pending keyturn-v2`]);
      expect(seen).toEqual([{ of: 'the rotator' }]);
    });
  });
});
