import { guarded, guardStep, unlessOvertaken } from '../../../pipeline/rotation/guard.ts';
import { openRotation, type UnguardedRotation } from '../../../pipeline/rotation/rotation-function.ts';
import { type SecretDescription, SecretStore } from '../../../pipeline/rotation/secret-store.ts';
import { versionLabels } from '../../../pipeline/rotation/version-labels.ts';
import { TargetRefused } from '../../../pipeline/rotators/errors.ts';
import { createJwtRotator } from '../../../pipeline/rotators/jwt/jwt-rotator.ts';

const TOKEN = 'keyturn-emergency-candidate';
const now = () => new Date('2026-03-01T00:00:30Z');

/** Secrets Manager as a guard meets it: each look is counted, and sees the next of these labels. */
function secretWith(...looks: Record<string, string[]>[]) {
  const calls: string[] = [];
  const madeAt = { value: new Date(0) };
  const send = async (command: object) => {
    calls.push(command.constructor.name);
    if (command.constructor.name === 'GetSecretValueCommand') return { SecretString: 'x', CreatedDate: madeAt.value };
    const VersionIdsToStages = looks.length > 1 ? looks.shift() : looks[0];
    return { ARN: 'arn', Name: 'app/db', VersionIdsToStages };
  };
  const store = new SecretStore({ send } as never);
  return { rotationFunction: { store, now }, calls, madeAt };
}

const rotation = openRotation({ secretArn: 'arn', secretName: 'app/db', token: TOKEN, settings: {} });
const before = versionLabels({ v1: ['AWSCURRENT'], [TOKEN]: ['AWSPENDING'] }) as SecretDescription;
const pending = { v1: ['AWSCURRENT'], [TOKEN]: ['AWSPENDING', 'KEYTURN_IN_FLIGHT'] };
const abandoned = expect.objectContaining({ code: 'RotationAbandoned', message: expect.stringContaining('app/db') });

describe('the guard of a step', () => {
  test('looks each time that it is asked, with one call', async () => {
    const { rotationFunction, calls } = secretWith(pending, pending, { v1: ['AWSCURRENT'], [TOKEN]: [] });
    const step = guardStep(rotationFunction, rotation, before);
    await step.assertNotOvertaken();
    await step.assertNotOvertaken();
    await expect(step.assertNotOvertaken()).rejects.toEqual(abandoned);
    expect(calls).toEqual(Array(3).fill('DescribeSecretCommand'));
  });

  test('refuses where AWSCURRENT has left the version that the step began beside', async () => {
    const { rotationFunction } = secretWith({ v1: ['AWSPREVIOUS'], v3: ['AWSCURRENT'], [TOKEN]: ['AWSPENDING'] });
    await expect(guardStep(rotationFunction, rotation, before).assertNotOvertaken()).rejects.toEqual(abandoned);
  });

  test.each([
    ['ten seconds old: an emergency goes on', '2026-03-01T00:00:20Z', false],
    ['younger: it gives way to the roll-back', '2026-03-01T00:00:21Z', true],
  ])('AWSCURRENT failed its checks, and the candidate is %s', async (_case, madeAt, givesWay) => {
    const secret = secretWith({ ...pending, v1: ['AWSCURRENT', 'KEYTURN_FAILED'] });
    secret.madeAt.value = new Date(madeAt);
    const asked = guardStep(secret.rotationFunction, rotation, before).assertNotOvertaken();
    const underWay = expect.objectContaining({ code: 'RollBackUnderWay', retryable: true });
    await (givesWay ? expect(asked).rejects.toEqual(underWay) : asked);
    const ordinary = { ...rotation, emergency: false };
    await guardStep(secret.rotationFunction, ordinary, before).assertNotOvertaken();
  });
});

describe('a write unless it was overtaken', () => {
  const attempt = (
    secret: ReturnType<typeof secretWith>,
    write: (asked: { assertNotOvertaken(): Promise<void> }) => Promise<string>,
  ) =>
    unlessOvertaken(
      secret.rotationFunction,
      rotation,
      (labels) => labels.versionWith('AWSCURRENT') !== 'v1',
      async (operation) => write(operation),
    );
  const moved = { v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] };

  test('answers what was written', async () => {
    const written = attempt(secretWith(pending), async (operation) => {
      await operation.assertNotOvertaken();
      return 'written';
    });
    expect(await written).toEqual({ overtaken: false, written: 'written' });
  });

  test('answers that it was overtaken, whatever the rotator makes of the refusal', async () => {
    const refused = attempt(secretWith(moved), async (operation) => {
      await operation.assertNotOvertaken().catch(() => undefined);
      throw new Error('the transaction was rolled back');
    });
    expect(await refused).toEqual({ overtaken: true });
  });

  test('looks once more where the target refuses, and only there', async () => {
    const refuse = async () => {
      throw new TargetRefused('the login is gone');
    };
    expect(await attempt(secretWith(moved), refuse)).toEqual({ overtaken: true });
    await expect(attempt(secretWith(pending), refuse)).rejects.toMatchObject({ code: 'TargetRefused' });
    const other = secretWith(moved);
    const fail = async () => {
      throw new Error('a fault');
    };
    await expect(attempt(other, fail)).rejects.toThrow('a fault');
    expect(other.calls).toEqual([]);
  });
});

test('no operation of a rotator compiles without a guard', () => {
  const { set, restore, retire } = createJwtRotator({ now });
  const unguarded = rotation as UnguardedRotation<never>;
  const forgotten = () => [
    // @ts-expect-error: no guard
    set(unguarded, {} as never),
    // @ts-expect-error: no guard
    restore(unguarded, {} as never),
    // @ts-expect-error: no guard
    retire(unguarded, {} as never),
    set(
      guarded({} as never, unguarded, () => false),
      {} as never,
    ),
  ];
  expect(forgotten).toBeInstanceOf(Function);
});
