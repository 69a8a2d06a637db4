import { byExtent, inTurn } from '../../../extent.ts';
import { type Laptop, openLaptop } from '../native-rotation.ts';
import { retire, type Subject, vendorSubject } from './subjects.ts';
import type { Fault, Operation, Vendor, VendorOptions } from './vendor.ts';

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
  const broken: string[] = [];
  subject.secret.calls.watch = () => {
    if (!subject.works(subject.secret.value())) broken.push(subject.secret.calls.names.at(-1) as string);
  };
  return { ...subject, broken };
}

const forms: [string, { form?: 'text'; vendor?: Omit<VendorOptions, 'now'> }][] = [
  ['a JSON secret, named keys', {}],
  ['a plain string, named keys', { form: 'text' }],
  ['a JSON secret, keys without names', { vendor: { named: false } }],
];

/** Rotates through the fault; whatever came of it is cleaned up as the workflow does, and then a rotation has to succeed. */
async function rotateThrough(subject: Awaited<ReturnType<typeof subjectOf>>): Promise<boolean> {
  const { secret, vendor } = subject;
  const first = secret.value();
  const rotated = await secret.rotate();
  vendor.clearFaults();
  if (!rotated.promoted) {
    expect(secret.value()).toBe(first);
    await secret.ask({ operation: 'Abandon', versionId: rotated.token });
    expect(await secret.versionWith('AWSPENDING')).toBeUndefined();
    // Nothing but the key in use is left behind, at once.
    expect(subject.credentials()).toEqual([subject.idOf(first)]);
    const again = await secret.rotate();
    expect(again.promoted).toBe(true);
    await retire(laptop, subject, again);
  } else {
    await retire(laptop, subject, rotated);
  }
  expect(subject.broken).toEqual([]);
  expect(secret.value()).not.toBe(first);
  expect(subject.credentials()).toEqual([subject.idOf(secret.value())]);
  return rotated.promoted;
}

const times = (count: number, fault: Fault): Fault[] => Array.from({ length: count }, () => fault);
/** A place that is not given back is missing in the second. */
const ROUNDS_WITHIN_A_LIMIT = byExtent({ short: 4, wide: 10, long: 10 });
/** What only this vendor does badly: what every provider may do is in provider-faults.test.ts. */
const faults: [Operation, Fault[], 'promoted' | 'given up'][] = [
  ['create', ['failed-after'], 'promoted'],
  ['create', ['rate-limited-long'], 'promoted'],
  ['create', ['page'], 'promoted'],
  // A 400 is about the request: another try of the same finds the same, and the next rotation begins anew.
  ['create', ['echo'], 'given up'],
  ['create', times(9, 'failed-after'), 'given up'],
  ['create', times(9, 'redirect'), 'given up'],
  ['verify', ['page', 'redirect', 'not-found'], 'promoted'],
  ['list', ['page'], 'promoted'],
  ['list', times(30, 'failed'), 'given up'],
];

describe.each(forms)('%s', (title, form) => {
  const group = forms.findIndex(([name]) => name === title);
  test.each(inTurn(faults, 3, group))('%s: %j → %s', async (operation, struck, outcome) => {
    const subject = await subjectOf(form);
    subject.vendor.fail(operation, ...struck);
    expect(await rotateThrough(subject)).toBe(outcome === 'promoted');
  });

  test.each<Fault[]>([
    ['failed-after'],
    ['not-found'],
    ['rate-limited-long'],
  ])('revoke at retirement: %s', async (fault) => {
    const subject = await subjectOf(form);
    const rotated = await subject.secret.rotate();
    expect(rotated.promoted).toBe(true);
    subject.vendor.fail('revoke', fault);
    await retire(laptop, subject, rotated);
    expect(subject.vendor.faultsLeft).toBe(0);
    expect(subject.broken).toEqual([]);
    expect(subject.credentials()).toEqual([subject.idOf(subject.secret.value())]);
  });

  test('slower than the bound: the first attempts give up, Secrets Manager’s later ones find the same key working', async () => {
    const subject = await subjectOf({
      ...form,
      settings: { activationTimeoutSeconds: 5 },
      vendor: { ...form.vendor, activationMilliseconds: [12_000] },
    });
    expect(await rotateThrough(subject)).toBe(true);
    expect(subject.vendor.requests.filter((request) => request.operation === 'create')).toHaveLength(1);
    expect(subject.secret.failures[0]).toMatchObject({ code: 'CandidateRejected' });
  });

  test('a key that never works is given up, and revoked', async () => {
    const subject = await subjectOf(form);
    const realKey = subject.secret.value();
    subject.vendor.activationMilliseconds = [10 * 86_400_000];
    // The first key is old enough to work by this measure too.
    await laptop.clock.advance(20 * 86_400_000);
    const { token, promoted } = await subject.secret.rotate();
    expect(promoted).toBe(false);
    expect(subject.secret.failures.at(-1)).toMatchObject({
      code: 'CandidateRejected',
      message: expect.stringMatching(/answered 401.*activationTimeoutSeconds/),
    });
    await subject.secret.ask({ operation: 'Abandon', versionId: token });
    expect(subject.credentials()).toEqual([subject.idOf(realKey)]);
    expect(subject.broken).toEqual([]);
  });

  test('a limit of two keys, rotation after rotation: never a third, the old one gone each time', async () => {
    const subject = await subjectOf({ ...form, vendor: { ...form.vendor, mostKeys: 2 } });
    for (let round = 0; round < ROUNDS_WITHIN_A_LIMIT; round += 1) {
      const rotated = await subject.secret.rotate();
      expect(rotated.promoted).toBe(true);
      await retire(laptop, subject, rotated, 3_700);
      expect(subject.credentials()).toEqual([subject.idOf(subject.secret.value())]);
    }
    expect(subject.mostAtOnce()).toBe(2);
    expect(subject.broken).toEqual([]);
  });

  test('a limit of two keys and an orphan in the second place: it makes room, the one in use stays', async () => {
    const subject = await subjectOf({ ...form, vendor: { ...form.vendor, mostKeys: 2 } });
    subject.vendor.fail('create', 'answer-lost', 'failed-after', 'answer-lost');
    expect(await rotateThrough(subject)).toBe(true);
    expect(subject.mostAtOnce()).toBe(2);
  });

  test('a limit of two keys and a rolled back rotation: what failed makes room', async () => {
    const subject = await subjectOf({ ...form, vendor: { ...form.vendor, mostKeys: 2 } });
    const first = subject.secret.value();
    const { token, previous } = await subject.secret.rotate();
    await subject.secret.ask({ operation: 'RollBack', versionId: token, previousVersionId: previous });
    expect(subject.secret.value()).toBe(first);
    // Consumers may still hold it, so it lives on until it is retired or its place is needed.
    expect(subject.credentials()).toHaveLength(2);
    expect(await rotateThrough(subject)).toBe(true);
  });
});

test('a key that was rolled back is retired like a previous one', async () => {
  const subject = await subjectOf();
  const { token, previous } = await subject.secret.rotate();
  await subject.secret.ask({ operation: 'RollBack', versionId: token, previousVersionId: previous });
  await retire(laptop, subject, { token: previous, previous: token });
  expect(subject.credentials()).toEqual([subject.idOf(subject.secret.value())]);
});

test('silence: the request is given up after its time, and what the vendor made meanwhile is an orphan that goes', async () => {
  const subject = await subjectOf({ settings: { requestTimeoutSeconds: 0.5 } });
  subject.vendor.fail('create', 'silent');
  expect(await rotateThrough(subject)).toBe(true);
  expect(subject.secret.failures[0]).toMatchObject({
    code: 'TargetUnavailable',
    message: expect.stringMatching(/POST .*\/keys: no answer within 0\.5 seconds\. The vendor may have acted/),
  });
});

test('a body that does not end is not read to its end', async () => {
  const subject = await subjectOf();
  subject.vendor.fail('list', 'endless');
  expect(await rotateThrough(subject)).toBe(true);
  expect(subject.secret.failures[0]).toMatchObject({
    code: 'TargetUnavailable',
    message: expect.stringContaining('1048576'),
  });
});

test('a redirect is not followed: the key would go where the answer says', async () => {
  const subject = await subjectOf();
  const seen: string[] = [];
  subject.vendor.fail('create', ...times(9, 'redirect'));
  const { promoted } = await subject.secret.rotate();
  seen.push(...subject.vendor.requests.map((request) => request.url));
  expect(promoted).toBe(false);
  expect(subject.secret.failures.at(-1)).toMatchObject({
    code: 'TargetRefused',
    message: expect.stringMatching(
      /answered 302.*not followed.*: http:\/\/127\.0\.0\.1:\d+ leads to http:\/\/127\.0\.0\.1:1\. Write the URL/,
    ),
  });
  expect(seen.filter((url) => url.includes('elsewhere'))).toEqual([]);
});

test('no key is in any error, also where the vendor sends back what it was sent', async () => {
  for (const operation of ['list', 'create', 'verify', 'revoke'] as const) {
    const { vendor, secret } = await subjectOf({ settings: { activationTimeoutSeconds: 2 } });
    const { token } = await secret.rotate();
    const made = [...vendor.keys.values()].map((one) => one.key);
    vendor.fail(operation, ...times(60, 'echo'));
    const told: unknown[] = [];
    if (operation === 'revoke') {
      const previousVersionId = await secret.versionWith('AWSPREVIOUS');
      const promotedAt = laptop.clock.now().toISOString();
      const retiring = secret.ask({ operation: 'Retire', versionId: token, previousVersionId, promotedAt });
      told.push(await retiring.catch((error: unknown) => error));
    } else {
      await secret.rotate({ emergency: true });
      told.push(...secret.failures);
    }
    expect(told.length).toBeGreaterThan(0);
    const known = ['admin-key-1', ...made, ...[...vendor.keys.values()].map((one) => one.key)];
    for (const error of told) {
      expect(error).toHaveProperty('code');
      for (const key of known) expect(everythingOf(error as Error)).not.toContain(key);
    }
  }
});

/** Everything of an error that could reach a log: message, stack, causes and members. */
function everythingOf(error: Error): string {
  const cause = error.cause instanceof Error ? everythingOf(error.cause) : String(error.cause);
  return [error.name, error.message, error.stack, JSON.stringify(error), cause].join('\n');
}

describe('the admin key', () => {
  const rotateAdmin = async (vendor: Vendor, secretArn: string, key: string) => {
    const { PutSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
    await laptop.secrets.send(new PutSecretValueCommand({ SecretId: secretArn, SecretString: key }));
    vendor.adminKeys.add(key);
  };

  test('is read for each request: rotated itself, the next request uses the new one', async () => {
    const subject = await subjectOf();
    const arn = subject.adminSecretArn;
    const rotated = await subject.secret.rotate();
    await rotateAdmin(subject.vendor, arn, 'admin-key-2');
    subject.vendor.adminKeys.delete('admin-key-1');
    await retire(laptop, subject, rotated);
    const used = subject.vendor.requests
      .filter((request) => request.operation !== 'verify')
      .map((one) => one.authorization);
    expect(new Set(used)).toEqual(new Set(['Bearer admin-key-1', 'Bearer admin-key-2']));
    expect(used.at(-1)).toBe('Bearer admin-key-2');
  });

  test('changed between read and request: read once more, and the request sent again', async () => {
    const subject = await subjectOf();
    const arn = subject.adminSecretArn;
    subject.secret.calls.watch = () => {
      // At the very moment of the first request the vendor has forgotten the key that was read.
      if (subject.secret.calls.names.at(-1) !== 'GET keys' || !subject.vendor.adminKeys.has('admin-key-1')) return;
      subject.vendor.adminKeys.delete('admin-key-1');
      subject.vendor.adminKeys.add('admin-key-2');
      laptop.service.state.find(laptop.cloud.region, arn)!.versions.forEach((version) => {
        version.value = { string: 'admin-key-2' };
      });
    };
    expect((await subject.secret.rotate()).promoted).toBe(true);
    expect(subject.secret.failures).toEqual([]);
  });

  test('refused: the error says whose it is and what to do, without it', async () => {
    const subject = await subjectOf();
    subject.vendor.adminKeys.clear();
    expect((await subject.secret.rotate()).promoted).toBe(false);
    const error = subject.secret.failures.at(-1) as Error;
    expect(error).toMatchObject({ code: 'TargetRefused', message: expect.stringMatching(/GET .*\/keys answered 401/) });
    expect(error.message).toContain(subject.adminSecretArn);
  });

  test('with a line end in it, which no header can carry: refused without a request, and without it in the error', async () => {
    const subject = await subjectOf();
    await rotateAdmin(subject.vendor, subject.adminSecretArn, 'admin\nkey');
    expect((await subject.secret.rotate()).promoted).toBe(false);
    expect(subject.vendor.requests).toEqual([]);
    const error = subject.secret.failures.at(-1) as Error;
    expect(error).toMatchObject({ code: 'TargetRefused', message: expect.stringContaining('header authorization') });
    expect(everythingOf(error)).not.toContain('admin\nkey');
  });
});
