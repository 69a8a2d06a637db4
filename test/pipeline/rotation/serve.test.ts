import { CancelRotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { TargetRefused, TargetUnavailable } from '../../../pipeline/rotators/errors.ts';
import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { B, C, FAILED, FLIGHT, idOf, labelSecret, P } from './staged-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const candidate = { v1: [C], 'keyturn-v2': [P, FLIGHT] };

describe('before a step', () => {
  const cases: [string, string, string, string][] = [
    ['the token names no version', 'setSecret', 'keyturn-v9', 'has no stage for rotation'],
    ['the token is not AWSPENDING', 'setSecret', 'keyturn-v3', 'is not set as AWSPENDING'],
    ['the step is unknown', 'dropSecret', 'keyturn-v2', 'Unknown rotation step "dropSecret"'],
    ['the step is a name that every object has', 'toString', 'keyturn-v2', 'Unknown rotation step "toString"'],
  ];
  test.each(cases)('it is refused where %s', async (_case, step, token, message) => {
    const secret = await labelSecret(laptop, { ...candidate, 'keyturn-v3': ['ELSEWHERE'] });
    await expect(secret.step(step, token)).rejects.toMatchObject({
      code: 'StepRefused',
      message: expect.stringContaining(message),
    });
    await expect(secret.step(step, token)).rejects.toThrow(secret.name);
    expect(secret.asked).toEqual([]);
    // What no further try helps ends its rotation: a candidate that has AWSPENDING loses it.
    expect(secret.writes()).toEqual(token === 'keyturn-v2' ? ['AWSPENDING keyturn-v2 →'] : []);
  });

  test('it is refused where rotation was turned off', async () => {
    const secret = await labelSecret(laptop, { v1: [C] });
    await secret.beginRotation('keyturn-v2');
    await laptop.secrets.send(new CancelRotateSecretCommand({ SecretId: secret.arn }));
    await secret.put('keyturn-v2', [P]);
    await expect(secret.step('setSecret', 'keyturn-v2')).rejects.toMatchObject({
      code: 'StepRefused',
      message: `Secret ${secret.name} is not enabled for rotation.`,
    });
    expect(secret.asked).toEqual([]);
  });

  test.each([
    'createSecret',
    'setSecret',
    'testSecret',
    'finishSecret',
  ])('the token is AWSCURRENT: %s is done, and nothing is said of it', async (step) => {
    const secret = await labelSecret(laptop, { 'keyturn-v2': [C, P, FLIGHT] });
    expect(await secret.step(step, 'keyturn-v2')).toBeUndefined();
    expect([secret.asked, secret.writes(), secret.reported]).toEqual([[], [], []]);
  });

  test('an event that is none is refused with the field', async () => {
    const secret = await labelSecret(laptop, candidate);
    await expect(secret.invoke({ Step: 'setSecret', SecretId: secret.arn })).rejects.toThrow(
      /The rotation event.*ClientRequestToken/s,
    );
    await expect(secret.invoke(null)).rejects.toThrow(/The rotation event/);
    await expect(secret.invoke('text')).rejects.toThrow(/The rotation event/);
  });
});

test.each([
  ['failed its checks', [P, FAILED]],
  ['was promoted and replaced', [P, B]],
])('a version that %s is never promoted again', async (_case, stages) => {
  const secret = await labelSecret(laptop, { v3: [C], 'keyturn-v2': stages });
  await expect(secret.step('finishSecret', 'keyturn-v2')).rejects.toMatchObject({
    code: 'StepRefused',
    message: `Secret version ${idOf('keyturn-v2')} of secret ${secret.name} was current before and is not promoted again.`,
  });
  expect(await secret.stages()).toMatchObject({ v3: [C] });
});

describe('a step that fails', () => {
  test.each([
    ['for good ends its rotation', new TargetRefused('permission denied'), ['AWSPENDING keyturn-v2 →']],
    ['for now leaves it to the next attempt', new TargetUnavailable('starting up'), []],
  ])('%s', async (_case, error, writes) => {
    const secret = await labelSecret(laptop, candidate, { script: { set: () => Promise.reject(error) } });
    await expect(secret.step('setSecret', 'keyturn-v2')).rejects.toBe(error);
    expect(secret.writes()).toEqual(writes);
  });

  test('for good, and whose label cannot be detached, says both: its own error is the answer', async () => {
    const error = new TargetRefused('permission denied');
    const secret = await labelSecret(laptop, candidate, { script: { set: () => Promise.reject(error) } });
    const away = new Error('Secrets Manager is away');
    secret.world.before = ({ name }) => {
      if (name === 'UpdateSecretVersionStage') throw away;
    };
    await expect(secret.step('setSecret', 'keyturn-v2')).rejects.toBe(error);
    const failed = { secretArn: secret.arn, token: idOf('keyturn-v2') };
    expect(secret.reported).toEqual([
      { ...failed, name: 'setSecret', error },
      { ...failed, name: 'end', error: away },
    ]);
  });
});

describe('a step', () => {
  test('that succeeded is told with its name and how long it took', async () => {
    const secret = await labelSecret(laptop, candidate, {
      script: { set: async () => void (await laptop.clock.advance(1_500)) },
    });
    expect(await secret.step('setSecret', 'keyturn-v2')).toBeUndefined();
    expect(secret.asked).toEqual(['set: current v1, pending keyturn-v2']);
    const step = { name: 'setSecret', token: idOf('keyturn-v2'), durationMilliseconds: 1_500, arn: secret.arn };
    expect(secret.reported).toEqual([step]);
  });

  test('that failed is told with its error, and fails', async () => {
    const error = new Error('the database is away');
    const secret = await labelSecret(laptop, candidate, { script: { test: () => Promise.reject(error) } });
    await expect(secret.step('testSecret', 'keyturn-v2')).rejects.toBe(error);
    const step = { name: 'testSecret', token: idOf('keyturn-v2'), secretArn: secret.arn, error };
    expect(secret.reported).toEqual([step]);
  });

  test('gets the settings, the names, the tokens, and a guard of its own', async () => {
    const seen: unknown[] = [];
    const secret = await labelSecret(laptop, candidate, {
      script: {
        set: async (rotation) => {
          seen.push({ ...rotation, assertNotOvertaken: undefined });
          await rotation.assertNotOvertaken();
          await secret.move(P, { from: 'keyturn-v2' });
          await rotation.assertNotOvertaken();
        },
      },
    });
    await expect(secret.step('setSecret', 'keyturn-v2', { RotationToken: 'a token' })).rejects.toMatchObject({
      code: 'RotationAbandoned',
    });
    expect(seen).toEqual([
      {
        secretArn: secret.arn,
        secretName: secret.name,
        token: idOf('keyturn-v2'),
        rotationToken: 'a token',
        settings: { of: 'the rotator' },
        emergency: false,
      },
    ]);
  });

  test.each([
    ['keyturn-v2', false],
    ['keyturn-emergency-v2', true],
  ])('of the token %s is an emergency’s: %s', async (token, emergency) => {
    const seen: boolean[] = [];
    const secret = await labelSecret(
      laptop,
      { v1: [C], [token]: [P] },
      {
        script: { set: async (rotation) => void seen.push(rotation.emergency) },
      },
    );
    await secret.step('setSecret', token);
    expect(seen).toEqual([emergency]);
  });
});

describe('what the workflow asks', () => {
  test('is refused where it is none of the operations', async () => {
    const secret = await labelSecret(laptop, candidate);
    await expect(secret.ask('Destroy', { version: 'v1' })).rejects.toThrow(/The workflow request/);
    expect(secret.sent).toEqual([]);
  });

  test.each<[string, object, object, object]>([
    ['Abandon', {}, candidate, { abandoned: true }],
    ['RollBack', { previous: 'v1' }, { v1: [B], 'keyturn-v2': [C, FLIGHT] }, { rolledBack: true }],
    ['GatherEvidence', { previous: 'v1' }, { v1: [B], 'keyturn-v2': [C, FLIGHT] }, { verdict: 'free' }],
    ['Retire', { previous: 'v1' }, { v1: [B], 'keyturn-v2': [C, FLIGHT] }, { retired: true }],
    ['Repair', { code: 'CurrentRefused' }, { 'keyturn-v2': [C, FLIGHT] }, { repaired: true }],
  ])('%s is answered by its operation', async (operation, more, labels, answer) => {
    const secret = await labelSecret(laptop, labels as never, { script: { repair: async () => undefined } });
    const promotedAt = laptop.clock.now().toISOString();
    expect(await secret.ask(operation, { version: 'keyturn-v2', promotedAt, ...more })).toMatchObject(answer);
  });

  test('is told by the workflow, not by the function', async () => {
    const secret = await labelSecret(laptop, candidate);
    await secret.ask('Abandon', { version: 'keyturn-v2' });
    expect(secret.reported).toEqual([]);
  });
});
