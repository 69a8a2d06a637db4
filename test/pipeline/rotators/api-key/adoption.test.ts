import { credentialName, nameStem } from '../../../../pipeline/rotators/api-key/credential.ts';
import { type Laptop, openLaptop } from '../native-rotation.ts';
import { retire, type Subject, vendorSubject } from './subjects.ts';

let laptop: Laptop;
const open: Subject[] = [];
beforeAll(async () => {
  laptop = await openLaptop();
});
afterEach(async () => {
  for (const subject of open.splice(0)) await subject.close();
});
afterAll(() => laptop.close());

async function subjectOf(options: Parameters<typeof vendorSubject>[1] = {}) {
  const subject = await vendorSubject(laptop, options);
  open.push(subject);
  return subject;
}

const created = (subject: Awaited<ReturnType<typeof subjectOf>>) =>
  subject.vendor.requests.filter((request) => request.operation === 'create');

describe('a secret that comes into care', () => {
  test('a plain key that the vendor knows by another name: refused with the name that would do, nothing made', async () => {
    const subject = await subjectOf({ form: 'text' });
    const { secret, vendor } = subject;
    const [id] = subject.credentials() as [string];
    vendor.rename(id, 'production');
    const refused = await secret.rotate();
    expect(refused.promoted).toBe(false);
    const versionId = (await secret.versionWith('AWSCURRENT')) as string;
    const name = credentialName(nameStem('keyturn-', secret.arn), versionId);
    expect(secret.failures.at(-1)).toMatchObject({
      code: 'UnsafeRotation',
      message: expect.stringMatching(
        new RegExp(`key at /api_key and its id at /api_key_id, or name the key ${name} at the vendor`),
      ),
    });
    expect(created(subject)).toEqual([]);
    // The function has ended the rotation by itself.
    expect(await secret.versionWith('AWSPENDING')).toBeUndefined();
    await secret.ask({ operation: 'Abandon', versionId: refused.token });
    vendor.rename(id, name);
    const rotated = await secret.rotate();
    expect(rotated.promoted).toBe(true);
    await retire(laptop, subject, rotated);
    expect(subject.credentials()).toEqual([subject.idOf(secret.value())]);
  });

  test('a plain key of a vendor without names: refused with what to put, nothing made', async () => {
    const subject = await subjectOf({ form: 'text', vendor: { named: false } });
    expect((await subject.secret.rotate()).promoted).toBe(false);
    expect(subject.secret.failures.at(-1)).toMatchObject({
      code: 'UnsafeRotation',
      message: expect.stringMatching(/Put a JSON value with the key at \/api_key and its id at \/api_key_id\.$/),
    });
    expect(created(subject)).toEqual([]);
  });

  test('an id that is not the key’s: refused, and the key that is in use is not taken for an orphan', async () => {
    const subject = await subjectOf({ vendor: { named: false } });
    const value = JSON.parse(subject.secret.value());
    await subject.secret.put(JSON.stringify({ ...value, api_key_id: 'mistyped' }));
    expect((await subject.secret.rotate()).promoted).toBe(false);
    expect(subject.secret.failures.at(-1)).toMatchObject({
      code: 'UnsafeRotation',
      message: expect.stringContaining('lists no key of id mistyped'),
    });
    expect(subject.works(subject.secret.value())).toBe(true);
    expect(created(subject)).toEqual([]);
  });

  test('a key that works no longer has nothing to lose: it is replaced', async () => {
    const subject = await subjectOf({ vendor: { named: false } });
    subject.vendor.keys.clear();
    const rotated = await subject.secret.rotate();
    expect(rotated.promoted).toBe(true);
    await retire(laptop, subject, rotated);
    expect(subject.works(subject.secret.value())).toBe(true);
    expect(subject.credentials()).toEqual([subject.idOf(subject.secret.value())]);
  });

  test('an AWSPREVIOUS of another form is in nobody’s way', async () => {
    const subject = await subjectOf();
    const value = subject.secret.value();
    await subject.secret.put('{"token":"of an older form"}');
    await subject.secret.put(value);
    const rotated = await subject.secret.rotate();
    expect(rotated.promoted).toBe(true);
    await retire(laptop, subject, rotated);
    expect(subject.credentials()).toEqual([subject.idOf(subject.secret.value())]);
  });
});

describe('a value put by hand', () => {
  test('the key before it lives through its grace, also through a rotation meanwhile, and is gone after', async () => {
    const subject = await subjectOf();
    await retire(laptop, subject, await subject.secret.rotate());
    const before = subject.secret.value();
    const byHand = subject.vendor.make('typed-by-hand');
    await subject.secret.put(JSON.stringify({ api_key: byHand.key, api_key_id: byHand.id }));
    await laptop.clock.advance(60_000);
    const rotated = await subject.secret.rotate();
    expect(rotated.promoted).toBe(true);
    // Its version has lost its label, but consumers may hold it: an hour of grace has not passed.
    expect(subject.works(before)).toBe(true);
    expect(subject.works(subject.secret.value('AWSPREVIOUS'))).toBe(true);
    await retire(laptop, subject, rotated);
    expect(subject.works(before)).toBe(false);
    expect(subject.credentials()).toEqual([subject.idOf(subject.secret.value())]);
  });

  test('over a rotation in flight: the key in flight lives through its grace too', async () => {
    const subject = await subjectOf();
    await subject.secret.rotate();
    const [inFlight, previous] = [subject.secret.value(), subject.secret.value('AWSPREVIOUS')];
    const byHand = subject.vendor.make('typed-by-hand');
    await subject.secret.put(JSON.stringify({ api_key: byHand.key, api_key_id: byHand.id }));
    const rotated = await subject.secret.rotate();
    expect(rotated.promoted).toBe(true);
    for (const value of [inFlight, subject.secret.value()]) expect(subject.works(value)).toBe(true);
    expect(subject.works(previous)).toBe(true);
    await retire(laptop, subject, rotated);
    expect([inFlight, previous].map((value) => subject.works(value))).toContain(false);
    expect(subject.works(subject.secret.value())).toBe(true);
  });

  test('with the same credential and other words around it: nothing is revoked', async () => {
    const subject = await subjectOf();
    await retire(laptop, subject, await subject.secret.rotate());
    const previous = (await subject.secret.versionWith('AWSCURRENT')) as string;
    const token = await subject.secret.put(JSON.stringify({ ...JSON.parse(subject.secret.value()), note: 'mine' }));
    await retire(laptop, subject, { token, previous });
    expect(subject.works(subject.secret.value())).toBe(true);
    const rotated = await subject.secret.rotate();
    expect(rotated.promoted).toBe(true);
    expect(JSON.parse(subject.secret.value())).toMatchObject({ note: 'mine', region: 'eu' });
  });

  test('in the middle of a rotation: the overtaken candidate changes nothing, and its key goes', async () => {
    const subject = await subjectOf();
    const { secret } = subject;
    const value = secret.value();
    let isPut = false;
    secret.calls.watch = () => {
      // As the vendor answers the first check of the new key, somebody puts a value.
      if (isPut || secret.calls.names.at(-1) !== 'GET whoami') return;
      isPut = true;
      const found = laptop.service.state.find(laptop.cloud.region, secret.arn)!;
      for (const version of found.versions.values()) version.stages.delete('AWSPENDING');
    };
    const { token, promoted } = await secret.rotate();
    expect(promoted).toBe(false);
    expect(secret.value()).toBe(value);
    await secret.ask({ operation: 'Abandon', versionId: token });
    expect(subject.credentials()).toEqual([subject.idOf(value)]);
  });
});

describe('while somebody still uses the previous key', () => {
  test('the vendor’s last use keeps it from retirement until it has been quiet', async () => {
    const subject = await subjectOf({ settings: { convergenceBoundSeconds: 300, quietPeriodSeconds: 600 } });
    const { secret, vendor } = subject;
    const { token, previous } = await secret.rotate();
    const promotedAt = laptop.clock.now().toISOString();
    const ask = () =>
      secret.ask({ operation: 'GatherEvidence', versionId: token, previousVersionId: previous, promotedAt });
    const old = vendor.keys.get(subject.idOf(secret.value('AWSPREVIOUS')) as string)!;
    await laptop.clock.advance(400_000);
    old.lastUsedAt = laptop.clock.now();
    expect(await ask()).toMatchObject({
      verdict: 'in-use',
      blockers: [expect.stringContaining('a caller that the vendor does not name since')],
    });
    await laptop.clock.advance(600_000);
    expect(await ask()).toMatchObject({ verdict: 'free' });
  });
});

test('a roll-back to a key that the vendor refuses by now is refused, with what to do', async () => {
  const subject = await subjectOf();
  const { token, previous } = await subject.secret.rotate();
  subject.vendor.keys.delete(subject.idOf(subject.secret.value('AWSPREVIOUS')) as string);
  const rollingBack = subject.secret.ask({ operation: 'RollBack', versionId: token, previousVersionId: previous });
  await expect(rollingBack).rejects.toMatchObject({
    code: 'TargetRefused',
    message: expect.stringMatching(/previous key does not work any more.*Put a working value by hand/),
  });
  // AWSCURRENT stays where something works.
  expect(subject.works(subject.secret.value())).toBe(true);
});

test('a roll-back goes through while the vendor gives no answer', async () => {
  const subject = await subjectOf();
  const { token, previous } = await subject.secret.rotate();
  subject.vendor.fail('verify', 'failed', 'failed', 'failed', 'failed');
  const result = await subject.secret.ask({ operation: 'RollBack', versionId: token, previousVersionId: previous });
  expect(result).toEqual({ rolledBack: true, restoredVersionId: previous });
});

describe('an audit', () => {
  const ask = async ({ secret }: Subject, previousVersionId?: string) =>
    secret.ask({
      operation: 'Verify',
      versionId: await secret.versionWith('AWSCURRENT'),
      ...(previousVersionId && { previousVersionId }),
    });

  test('asks the vendor of both keys; a refusal counts when it is repeated', async () => {
    const subject = await subjectOf();
    const { previous } = await subject.secret.rotate();
    subject.vendor.fail('verify', 'failed', 'unreachable');
    expect(await ask(subject, previous)).toMatchObject({
      supported: true,
      current: { works: true },
      previous: { works: true },
      findings: [],
    });
    subject.vendor.keys.delete(subject.idOf(subject.secret.value('AWSPREVIOUS')) as string);
    expect(await ask(subject, previous)).toMatchObject({
      current: { works: true },
      previous: { works: false, reason: expect.stringContaining('answered 401') },
    });
  });

  test('a vendor that does not answer is no verdict', async () => {
    const subject = await subjectOf();
    subject.vendor.fail('verify', ...Array.from({ length: 60 }, () => 'failed' as const));
    await expect(ask(subject)).rejects.toMatchObject({ code: 'TargetUnavailable' });
  });

  test('a value without a key does not work, and says where it was expected', async () => {
    const subject = await subjectOf();
    await subject.secret.put('{"token":"x"}');
    expect(await ask(subject)).toMatchObject({
      current: { works: false, reason: expect.stringContaining('/api_key') },
    });
  });
});
