import { DeleteSecretCommand, PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { B, C, FAILED, FLIGHT, idOf, type Labels, labelSecret, P } from './staged-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

/** Secrets Manager refuses every call of this name, for a reason that is no label's. */
const refuse = (name: string, error = 'AccessDeniedException') => ({
  async before(call: { name: string }) {
    if (call.name === name) throw Object.assign(new Error('no'), { name: error });
  },
});

const open = async (labels: Labels) => {
  const secret = await labelSecret(laptop, labels);
  const { store } = secret.rotationFunction();
  const moveStage = ({ stage, from, to }: { stage: string; from?: string; to?: string }) =>
    store.moveStage({
      secretArn: secret.arn,
      stage,
      ...(from && { from: idOf(from) }),
      ...(to && { to: idOf(to) }),
    });
  return { ...secret, store, moveStage };
};

describe('a look at a secret', () => {
  test('says its name, its rotation and which version carries which label', async () => {
    const { store, arn, name, beginRotation } = await open({ v1: [B], v2: [C] });
    const before = await store.describe(name);
    expect(before).toMatchObject({ arn, name, rotationFunctionArn: undefined, owningService: undefined });
    expect(before.rotationEnabled).toBeUndefined();
    expect(before.lastChangedAt).toEqual(laptop.clock.now());
    expect(before.versionWith(C)).toBe(idOf('v2'));
    expect(before.stagesOf(idOf('v1'))).toEqual([B]);
    await beginRotation('v3');
    const after = await store.describe(arn);
    expect(after).toMatchObject({ rotationEnabled: true, rotationFunctionArn: expect.stringMatching(/silent$/) });
  });

  test('refuses a secret that is to be deleted, and names it', async () => {
    const { store, arn } = await open({ v1: [C] });
    await laptop.secrets.send(new DeleteSecretCommand({ SecretId: arn }));
    await expect(store.describe(arn)).rejects.toMatchObject({
      code: 'SecretUnusable',
      message: expect.stringContaining(`${arn} is scheduled for deletion`),
    });
  });
});

describe('a value', () => {
  test('is asked for once: a version does not change', async () => {
    const { store, arn, sent } = await open({ v1: [C] });
    expect([await store.read(arn, idOf('v1')), await store.read(arn, idOf('v1'))]).toEqual(['v1', 'v1']);
    expect(sent.map(({ name }) => name)).toEqual(['GetSecretValue']);
  });

  test('is remembered for its own secret and version', async () => {
    const [one, other] = [await open({ v1: [B], v2: [C] }), await open({ v1: [C] })];
    await other.put('v9');
    expect(await one.store.read(one.arn, idOf('v1'))).toBe('v1');
    expect(await one.store.read(one.arn, idOf('v2'))).toBe('v2');
    expect(await one.store.read(other.arn, idOf('v9'))).toBe('v9');
    expect(await one.store.read(one.arn, idOf('v9'))).toBeUndefined();
  });

  test('is asked for with the label that it is meant to carry', async () => {
    const { store, arn } = await open({ v1: [B], v2: [C] });
    expect(await store.read(arn, idOf('v1'), B)).toBe('v1');
    await expect(store.read(arn, idOf('v2'), B)).rejects.toMatchObject({ name: 'InvalidRequestException' });
  });

  test('is none where the version is empty, or not there', async () => {
    const { store, arn, beginRotation } = await open({ v1: [C] });
    await beginRotation('v2');
    expect(await store.read(arn, idOf('v2'))).toBeUndefined();
    expect(await store.read(arn, idOf('v3'))).toBeUndefined();
  });

  test('that is binary is refused', async () => {
    const { store, arn } = await open({ v1: [C] });
    const binary = { SecretId: arn, SecretBinary: new Uint8Array([1]), ClientRequestToken: idOf('v2') };
    await laptop.secrets.send(new PutSecretValueCommand(binary));
    await expect(store.read(arn, idOf('v2'))).rejects.toMatchObject({
      code: 'SecretUnusable',
      message: expect.stringContaining(arn),
    });
  });

  test('that Secrets Manager does not give is no empty version', async () => {
    const { store, arn, world } = await open({ v1: [C] });
    Object.assign(world, refuse('GetSecretValue'));
    await expect(store.read(arn, idOf('v1'))).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  test('leaves memory when sixty-four others have come after it', async () => {
    const { store, arn, put, sent } = await open({ v1: [C] });
    const versions = Array.from({ length: 64 }, (_, index) => `w${index}`);
    for (const version of versions) await put(version, ['TAKEN']);
    await store.read(arn, idOf('v1'));
    for (const version of versions.slice(0, 63)) await store.read(arn, idOf(version));
    const calls = sent.length;
    await store.read(arn, idOf('v1'));
    expect(sent).toHaveLength(calls);
    await store.read(arn, idOf('w63'));
    await store.read(arn, idOf('w0'));
    expect(sent).toHaveLength(calls + 1);
    await store.read(arn, idOf('v1'));
    expect(sent).toHaveLength(calls + 2);
  });
});

describe('when a version was made', () => {
  test('is Secrets Manager’s date, asked for once', async () => {
    const { store, arn, sent } = await open({ v1: [C] });
    const madeAt = laptop.clock.now();
    await laptop.clock.advance(60_000);
    expect(await store.createdAt(arn, idOf('v1'))).toEqual(madeAt);
    await store.createdAt(arn, idOf('v1'));
    expect(sent).toHaveLength(1);
  });

  test('is known of what this process has stored itself', async () => {
    const { store, arn } = await open({ v1: [C] });
    await store.putCandidate({ secretArn: arn, token: idOf('v2'), value: 'a value' });
    expect(await store.createdAt(arn, idOf('v2'))).toEqual(laptop.clock.now());
  });

  test('is 1970 where there is no value', async () => {
    const { store, arn } = await open({ v1: [C] });
    expect(await store.createdAt(arn, idOf('v9'))).toEqual(new Date(0));
  });
});

describe('a candidate', () => {
  test('is stored with both labels in one write, and may be stored again', async () => {
    const { store, arn, stages, sent } = await open({ v1: [C] });
    const candidate = { secretArn: arn, token: idOf('v2'), value: 'a value' };
    await store.putCandidate(candidate);
    await store.putCandidate(candidate);
    expect(await stages()).toEqual({ v1: [C], v2: [P, FLIGHT] });
    expect(sent.map(({ name, input }) => [name, 'RotationToken' in input])).toEqual([
      ['PutSecretValue', false],
      ['PutSecretValue', false],
    ]);
    expect(await store.read(arn, idOf('v2'))).toBe('a value');
    expect(sent).toHaveLength(2);
  });

  test('is stored with the rotation token that Secrets Manager sent', async () => {
    const { store, arn, sent, world } = await open({ v1: [C] });
    Object.assign(world, refuse('PutSecretValue'));
    const rotationToken = 'c0ffee00-0000-4000-8000-000000000000';
    await expect(
      store.putCandidate({ secretArn: arn, token: idOf('v2'), value: 'a value', rotationToken }),
    ).rejects.toThrow('no');
    expect(sent[0]?.input).toMatchObject({ RotationToken: rotationToken, SecretString: 'a value' });
  });
});

describe('a label', () => {
  test.each<[string, Labels, { stage: string; from?: string; to?: string }, Labels]>([
    ['is moved', { v1: [C], v2: [P] }, { stage: C, from: 'v1', to: 'v2' }, { v1: [B], v2: [C, P] }],
    ['is attached', { v1: [B], v2: [C] }, { stage: FAILED, to: 'v2' }, { v1: [B], v2: [C, FAILED] }],
    ['is detached', { v1: [C], v2: [P, FLIGHT] }, { stage: P, from: 'v2' }, { v1: [C], v2: [FLIGHT] }],
  ])('%s', async (_case, labels, move, after) => {
    const { moveStage, stages } = await open(labels);
    await moveStage(move);
    expect(await stages()).toEqual(after);
  });

  test.each<[string, Labels, { stage: string; from?: string; to?: string }]>([
    ['moved there already', { v1: [B], v2: [C] }, { stage: C, from: 'v1', to: 'v2' }],
    ['detached already', { v1: [C], v2: [FLIGHT] }, { stage: P, from: 'v2' }],
    ['on another version, and is to leave this one', { v1: [C], v2: [FLIGHT], v3: [P] }, { stage: P, from: 'v2' }],
    ['of a version that is gone, and is to leave it', { v1: [C] }, { stage: P, from: 'v9' }],
  ])('that was %s is done', async (_case, labels, move) => {
    const { moveStage, stages } = await open(labels);
    await moveStage(move);
    expect(await stages()).toEqual(labels);
  });

  test.each<[string, Labels, { stage: string; from?: string; to?: string }, string]>([
    [
      'is on a third version',
      { v1: [B], v3: [C], v2: [FLIGHT] },
      { stage: C, from: 'v1', to: 'v2' },
      'InvalidParameterException',
    ],
    ['goes to a version that is gone', { v1: [C] }, { stage: C, from: 'v1', to: 'v9' }, 'ResourceNotFoundException'],
    ['cannot be taken away', { v1: [C] }, { stage: C, from: 'v1' }, 'InvalidParameterException'],
    [
      'has a holder that was not named',
      { v1: [C], v2: [FLIGHT], v3: [P] },
      { stage: FLIGHT, to: 'v3' },
      'InvalidParameterException',
    ],
  ])('that %s is refused, and the refusal is the caller’s', async (_case, labels, move, name) => {
    const { moveStage, stages } = await open(labels);
    await expect(moveStage(move)).rejects.toMatchObject({ name });
    expect(await stages()).toEqual(labels);
  });

  test('that may not be moved is a refusal, wherever it is', async () => {
    const { moveStage, world } = await open({ v1: [B], v2: [C] });
    Object.assign(world, refuse('UpdateSecretVersionStage'));
    await expect(moveStage({ stage: C, from: 'v1', to: 'v2' })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });
});
