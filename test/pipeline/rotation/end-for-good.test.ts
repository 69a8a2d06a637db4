import { endForGood } from '../../../pipeline/rotation/end-for-good.ts';
import { SecretStore } from '../../../pipeline/rotation/secret-store.ts';
import { TargetRefused, TargetUnavailable } from '../../../pipeline/rotators/errors.ts';
import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { idOf, labelledSecret, sorted } from './labelled-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const candidate = { a: ['AWSCURRENT'], b: ['AWSPENDING', 'KEYTURN_IN_FLIGHT'] };
const ended = { a: ['AWSCURRENT'], b: ['KEYTURN_IN_FLIGHT'] };
const refusing = { set: () => Promise.reject(new TargetRefused('app/db: permission denied for CREATE ROLE')) };
const step = (SecretId: string, version = 'b') => ({
  Step: 'setSecret',
  SecretId,
  ClientRequestToken: idOf(version),
});

test('a step that fails for good detaches AWSPENDING from its own candidate, and fails with its own error', async () => {
  const { secret, state } = await labelledSecret(laptop, candidate, refusing);
  await expect(secret.invoke(step(secret.arn))).rejects.toMatchObject({ code: 'TargetRefused' });
  expect(await state()).toEqual(ended);
  await expect(secret.invoke(step(secret.arn))).rejects.toMatchObject({ code: 'StepRefused' });
  expect(await state()).toEqual(ended);
});

test.each([
  ['the target was not reached', new TargetUnavailable('the database is starting up')],
  ['what AWS answered may pass', Object.assign(new Error('slow down'), { name: 'ThrottlingException' })],
])('where %s, AWSPENDING stays and Secrets Manager tries again', async (_case, fault) => {
  const { secret, state } = await labelledSecret(laptop, candidate, { set: () => Promise.reject(fault) });
  await expect(secret.invoke(step(secret.arn))).rejects.toBe(fault);
  expect(await state()).toEqual(candidate);
});

test('the candidate of another rotation keeps AWSPENDING', async () => {
  const other = { a: ['AWSCURRENT'], b: ['KEYTURN_IN_FLIGHT'], c: ['AWSPENDING'] };
  const { secret, state } = await labelledSecret(laptop, other, refusing);
  await expect(secret.invoke(step(secret.arn))).rejects.toMatchObject({ code: 'StepRefused' });
  expect(await state()).toEqual(other);
});

test('AWSPENDING of a version that was promoted meanwhile is left to Secrets Manager', async () => {
  const { secret, state } = await labelledSecret(laptop, candidate, {
    set: async () => {
      await secret.invoke({ ...step(secret.arn), Step: 'finishSecret' });
      throw new TargetRefused('a step that came late');
    },
  });
  await expect(secret.invoke(step(secret.arn))).rejects.toMatchObject({ code: 'TargetRefused' });
  expect((await state()).b).toEqual(expect.arrayContaining(['AWSCURRENT', 'KEYTURN_IN_FLIGHT']));
});

test('AWSPENDING that Secrets Manager has not taken from AWSCURRENT yet stays', async () => {
  const promoted = { a: ['AWSPREVIOUS'], b: ['AWSCURRENT', 'AWSPENDING', 'KEYTURN_IN_FLIGHT'] };
  const { secret, state } = await labelledSecret(laptop, promoted);
  const store = new SecretStore(laptop.secrets);
  await endForGood({ store }, { secretArn: secret.arn, token: idOf('b') });
  expect(await state()).toEqual(sorted(promoted));
});

test('killed at any call of it, the next attempt detaches it', async () => {
  const { secret: whole } = await labelledSecret(laptop, candidate, refusing);
  await expect(whole.invoke(step(whole.arn))).rejects.toMatchObject({ code: 'TargetRefused' });
  const calls = whole.calls.names.length;
  expect(whole.calls.names.slice(-2)).toEqual(['DescribeSecretCommand', 'UpdateSecretVersionStageCommand']);
  for (let call = 1; call <= calls; call += 1) {
    const { secret, state } = await labelledSecret(laptop, candidate, refusing);
    secret.calls.kill = { call, when: 'before' };
    await expect(secret.invoke(step(secret.arn))).rejects.toBeInstanceOf(Error);
    expect(await state()).toEqual(candidate);
    await expect(secret.invoke(step(secret.arn))).rejects.toMatchObject({ code: 'TargetRefused' });
    expect(await state()).toEqual(ended);
  }
});

test('where the label cannot be detached, that is reported, and the error of the step is answered', async () => {
  const { secret, state } = await labelledSecret(laptop, candidate, refusing);
  secret.calls.refused = 'UpdateSecretVersionStageCommand';
  await expect(secret.invoke(step(secret.arn))).rejects.toMatchObject({ code: 'TargetRefused' });
  expect(secret.failures).toEqual([expect.objectContaining({ name: 'AccessDeniedException' })]);
  expect(await state()).toEqual(candidate);
});

test('a second roll-back that comes late finds the first one done, and keeps its mark', async () => {
  const promoted = { a: ['AWSPREVIOUS'], b: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'] };
  let isFirst = true;
  const { secret, state } = await labelledSecret(laptop, promoted, {
    restore: async (rotation) => {
      const isOuter = isFirst;
      isFirst = false;
      if (isOuter) expect(await secret.invoke(request)).toMatchObject({ rolledBack: true });
      await rotation.assertNotOvertaken();
    },
  });
  const request = {
    operation: 'RollBack',
    secretArn: secret.arn,
    versionId: idOf('b'),
    previousVersionId: idOf('a'),
  };
  expect(await secret.invoke(request)).toEqual({ rolledBack: true, restoredVersionId: idOf('a') });
  expect(await state()).toEqual({ a: ['AWSCURRENT'], b: ['AWSPREVIOUS', 'KEYTURN_FAILED'] });
});
