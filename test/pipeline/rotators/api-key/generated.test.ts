import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RotateSecretCommand } from '@aws-sdk/client-secrets-manager';
import { acceptedKeys, isAcceptedKey } from '../../../../packages/consumer/contracts/accepted-keys.ts';
import { eventually } from '../../../eventually.ts';
import { type Laptop, openLaptop } from '../native-rotation.ts';
import { generatedSubject, retire, type Subject } from './subjects.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const HOUR = 3_600_000;
const seconds = () => laptop.clock.now().getTime() / 1000;

/** A reader that reads again only when its cache's age is over. */
function reader(subject: Subject, ageSeconds: number): () => string {
  let held: { value: string; at: number } | undefined;
  return () => {
    if (!held || seconds() - held.at >= ageSeconds) held = { value: subject.secret.value(), at: seconds() };
    return held.value;
  };
}

describe('a JSON secret', () => {
  test('ten rotations: callers and acceptors with caches of different ages, none that refetches, no call refused', async () => {
    const subject = await generatedSubject(laptop, { settings: { convergenceBoundSeconds: 3_630 } });
    const ages = [0, 60, 300, 3_600];
    const callers = ages.map((age) => reader(subject, age));
    const acceptors = ages.map((age) => reader(subject, age));
    const refused: string[] = [];
    const accepted: string[] = [];
    let calls = 0;
    let revoked: { key: string; since: number }[] = [];
    const call = () => {
      for (const [index, acceptor] of acceptors.entries()) {
        const keys = acceptedKeys(JSON.parse(acceptor()), { now: laptop.clock.now() });
        for (const caller of callers) {
          calls += 1;
          if (!isAcceptedKey(JSON.parse(caller()).api_key, keys)) refused.push(`acceptor ${index} at ${seconds()}`);
        }
        for (const { key, since } of revoked) {
          if (seconds() >= since && isAcceptedKey(key, keys)) accepted.push(`acceptor ${index} at ${seconds()}`);
        }
      }
    };
    const seen = new Set<string>();
    for (let round = 0; round < 10; round += 1) {
      const before = JSON.parse(subject.secret.value()).api_key as string;
      const rotated = await subject.secret.rotate();
      expect(rotated.promoted).toBe(true);
      const now = JSON.parse(subject.secret.value());
      seen.add(now.api_key);
      expect(now.plan).toBe('gold');
      // The latest promotion, the slowest caller, and how long the previous key is accepted.
      if (now.api_key !== before)
        revoked = [...revoked, { key: before, since: seconds() + 900 + 3_630 + 3_600 }].slice(-2);
      for (let at = 0; at < 26; at += 1) {
        call();
        await laptop.clock.advance(10 * 60_000);
      }
      await retire(laptop, subject, rotated, 20 * 3_600);
      call();
    }
    expect(refused.slice(0, 3)).toEqual([]);
    expect(accepted.slice(0, 3)).toEqual([]);
    // The first rotation publishes `next` beside the key that was there; from the second on each brings a new one.
    expect(seen.size).toBe(10);
    expect(calls).toBeGreaterThan(4_000);
  });

  test('the previous key is retired when it is accepted no more, not before', async () => {
    const subject = await generatedSubject(laptop, {
      settings: { acceptPreviousSeconds: 7_200, convergenceBoundSeconds: 300 },
    });
    await retire(laptop, subject, await subject.secret.rotate());
    const { token, previous } = await subject.secret.rotate();
    const promotedAt = laptop.clock.now().toISOString();
    const ask = () =>
      subject.secret.ask({ operation: 'GatherEvidence', versionId: token, previousVersionId: previous, promotedAt });
    await laptop.clock.advance(7_499_000);
    expect(await ask()).toMatchObject({ verdict: 'in-use' });
    await laptop.clock.advance(1_000);
    expect(await ask()).toMatchObject({ verdict: 'free' });
  });

  test('an emergency keeps neither previous nor next', async () => {
    const subject = await generatedSubject(laptop);
    await retire(laptop, subject, await subject.secret.rotate());
    await subject.secret.rotate();
    const compromised = acceptedKeys(JSON.parse(subject.secret.value()), { now: laptop.clock.now() });
    expect(compromised).toHaveLength(3);
    expect((await subject.secret.rotate({ emergency: true })).promoted).toBe(true);
    const fresh = JSON.parse(subject.secret.value());
    expect(fresh).not.toHaveProperty('previous_api_key');
    expect(fresh).not.toHaveProperty('previous_api_key_until');
    const keys = acceptedKeys(fresh, { now: laptop.clock.now() });
    for (const key of compromised) expect(isAcceptedKey(key, keys)).toBe(false);
  });

  test('prefix and length are as the settings say; the id tells nothing of the key', async () => {
    const subject = await generatedSubject(laptop, { settings: { prefix: 'acme_live_', randomBytes: 48 } });
    await retire(laptop, subject, await subject.secret.rotate());
    await subject.secret.rotate();
    const { api_key: key, api_key_id: id } = JSON.parse(subject.secret.value());
    expect(key).toMatch(/^acme_live_[A-Za-z0-9_-]{64}$/);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
  });
});

test('a plain string: a new key each time, which acceptors know by its label', async () => {
  const subject = await generatedSubject(laptop, { form: 'text' });
  const seen = new Set([subject.secret.value()]);
  for (let round = 0; round < 3; round += 1) {
    const rotated = await subject.secret.rotate();
    expect(rotated.promoted).toBe(true);
    const accepted = ['AWSCURRENT', 'AWSPREVIOUS'].map((stage) => subject.secret.value(stage));
    expect(isAcceptedKey(subject.secret.value(), accepted)).toBe(true);
    seen.add(subject.secret.value());
    await retire(laptop, subject, rotated);
  }
  expect(seen.size).toBe(4);
});

test.each(['object', 'text'] as const)('the trial of a rotation’s configuration goes through (%s)', async (form) => {
  const subject = await generatedSubject(laptop, { form });
  await retire(laptop, subject, await subject.secret.rotate());
  await laptop.secrets.send(new RotateSecretCommand({ SecretId: subject.secret.arn, RotateImmediately: false }));
  await eventually('the end of the trial', async () =>
    (await subject.secret.versionWith('AWSPENDING')) === undefined ? true : undefined,
  );
  expect(subject.secret.failures).toEqual([]);
});

test('where whoever accepts the key can be asked, it is', async () => {
  const asked: string[] = [];
  let known: string[] = [];
  const acceptor = createServer((request, response) => {
    const key = String(request.headers['x-api-key']);
    asked.push(key);
    response.statusCode = isAcceptedKey(key, known) ? 204 : 401;
    response.end();
  });
  await new Promise<void>((resolve) => acceptor.listen(0, '127.0.0.1', resolve));
  const { port } = acceptor.address() as AddressInfo;
  const settings = {
    verify: { url: `http://127.0.0.1:${port}/`, headers: { 'x-api-key': '${key}' } },
    allowHttpOnLoopback: true,
    activationTimeoutSeconds: 1,
  };
  try {
    const subject = await generatedSubject(laptop, { settings });
    known = acceptedKeys(JSON.parse(subject.secret.value()), { now: laptop.clock.now() });
    const rotated = await subject.secret.rotate();
    expect(rotated.promoted).toBe(true);
    await retire(laptop, subject, rotated);
    // The acceptor has not read again since the first rotation: it refuses what it does not know.
    const refused = await subject.secret.rotate();
    expect(refused.promoted).toBe(false);
    expect(subject.secret.failures.at(-1)).toMatchObject({
      code: 'CandidateRejected',
      message: expect.stringContaining('401'),
    });
    await subject.secret.ask({ operation: 'Abandon', versionId: refused.token });
    known = acceptedKeys(JSON.parse(subject.secret.value()), { now: laptop.clock.now() });
    expect((await subject.secret.rotate()).promoted).toBe(true);
    expect(new Set(asked).size).toBe(2);
    expect(asked.length).toBeGreaterThan(6);
  } finally {
    acceptor.closeAllConnections();
    await new Promise((resolve) => acceptor.close(resolve));
  }
});

describe('acceptors', () => {
  const now = new Date('2026-03-01T00:00:00Z');
  const object = {
    api_key: 'current',
    next_api_key: 'next',
    previous_api_key: 'previous',
    previous_api_key_until: new Date(now.getTime() + HOUR).toISOString(),
  };

  test('let in next and current, and previous to the very moment', () => {
    expect(acceptedKeys(object, { now })).toEqual(['current', 'next', 'previous']);
    expect(acceptedKeys(object, { now: new Date(now.getTime() + HOUR - 1) })).toContain('previous');
    expect(acceptedKeys(object, { now: new Date(now.getTime() + HOUR) })).toEqual(['current', 'next']);
  });

  test.each(['', 'never', undefined, null, 5])('a time that is none (%p) accepts no previous key', (until) => {
    expect(acceptedKeys({ ...object, previous_api_key_until: until }, { now })).toEqual(['current', 'next']);
  });

  test('nothing is let in by an empty key, nor by no key', () => {
    const keys = acceptedKeys({ api_key: '', next_api_key: 5 }, { now });
    expect(keys).toEqual([]);
    expect(isAcceptedKey('', keys)).toBe(false);
    expect(isAcceptedKey('anything', [])).toBe(false);
  });
});
