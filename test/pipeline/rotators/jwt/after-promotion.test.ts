import { type Laptop, openLaptop } from '../native-rotation.ts';
import { jwtSecret, LEGACY } from './fixture.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

describe('an emergency', () => {
  test('the compromised ring is gone at once, and the report says whose tokens were cut off and for how long', async () => {
    const secret = await jwtSecret(laptop, LEGACY);
    await secret.rotateAndSettle();
    await secret.rotate();
    const compromised = secret.payload().jwt_key_ring!;
    // In flight and inside grace: an emergency does not wait.
    const { token, previous, promoted } = await secret.rotate({ emergency: true });
    expect(promoted).toBe(true);
    const fresh = secret.payload().jwt_key_ring!;
    const kids = [compromised.previous, compromised.current, compromised.next].map((key) => key!.kid);
    expect(kids).not.toContain(fresh.current.kid);
    expect(kids).not.toContain(fresh.next!.kid);
    expect(fresh.previous ?? undefined).toBeUndefined();
    const promotedAt = laptop.clock.now().toISOString();
    const request = { versionId: token, previousVersionId: previous, promotedAt };
    const evidence = await secret.ask({ operation: 'GatherEvidence', ...request });
    const lived = new Date(laptop.clock.now().getTime() + 30 * 60_000).toISOString();
    expect(evidence.verdict).toBe('free');
    for (const text of [...kids, promotedAt, lived]) expect(evidence.observed).toContain(text);
    expect(await secret.ask({ operation: 'Retire', ...request })).toEqual({ retired: true });
    // The next rotation is an ordinary one again.
    await secret.rotateAndSettle();
  });

  test('goes through whatever stood in the secret', async () => {
    const secret = await jwtSecret(laptop, { jwt_secret_key: 'no pem at all', jwt_algorithm: 'RS256' });
    expect((await secret.rotate({ emergency: true })).promoted).toBe(true);
    expect(secret.payload().jwt_key_ring!.current.alg).toBe('RS256');
  });
});

describe('the report of a retirement', () => {
  test('waits for the longest token since the last signer converged', async () => {
    const secret = await jwtSecret(laptop, { ...LEGACY, jwt_access_token_expire_minutes: 45 });
    await secret.rotateAndSettle();
    const { token, previous } = await secret.rotate();
    const promotedAt = laptop.clock.now();
    const request = { versionId: token, previousVersionId: previous, promotedAt: promotedAt.toISOString() };
    const notBefore = new Date(promotedAt.getTime() + (330 + 45 * 60 + 60) * 1000);
    const ask = () => secret.ask({ operation: 'GatherEvidence', ...request });
    expect(await ask()).toMatchObject({ verdict: 'in-use', notBefore: notBefore.toISOString() });
    await laptop.clock.advance(notBefore.getTime() - laptop.clock.now().getTime() - 1);
    expect(await ask()).toMatchObject({ verdict: 'in-use' });
    await laptop.clock.advance(1);
    expect(await ask()).toMatchObject({ verdict: 'free' });
  });

  test('the first rotation retires nothing, and says so', async () => {
    const secret = await jwtSecret(laptop, LEGACY);
    const { token, previous } = await secret.rotate();
    const request = { versionId: token, previousVersionId: previous, promotedAt: laptop.clock.now().toISOString() };
    expect(await secret.ask({ operation: 'GatherEvidence', ...request })).toMatchObject({
      verdict: 'free',
      observed: expect.stringContaining('the same as before'),
    });
  });
});

describe('an audit', () => {
  const ask = async (secret: Awaited<ReturnType<typeof jwtSecret>>, previousVersionId?: string) =>
    secret.ask({
      operation: 'Verify',
      versionId: await secret.versionWith('AWSCURRENT'),
      ...(previousVersionId && { previousVersionId }),
    });

  test('a key that is shorter than its hash works, and is a finding until no token of it is accepted', async () => {
    const secret = await jwtSecret(laptop, { ...LEGACY, jwt_secret_key: 'x'.repeat(31) });
    const short = (which: string) => ({
      code: 'SigningKeyShort',
      message: expect.stringMatching(new RegExp(`^${which} is shorter than the 32 bytes that HS256 asks for`)),
      person: expect.stringMatching(/^keyturn rotate .* --wait$/),
    });
    expect(await ask(secret)).toMatchObject({ current: { works: true }, findings: [short('jwt_secret_key')] });
    await secret.rotateAndSettle();
    const { kid } = secret.payload().jwt_key_ring!.current;
    expect(await ask(secret)).toMatchObject({ findings: [short(`key ${kid}`)] });
    await secret.rotate();
    expect(await ask(secret)).toMatchObject({ findings: [short(`key ${kid}`)] });
    await laptop.clock.advance(86_400_000);
    expect(await ask(secret)).toMatchObject({ current: { works: true }, findings: [] });
  });

  test('current works, with a ring and without one; previous while its tokens live', async () => {
    const secret = await jwtSecret(laptop, { ...LEGACY, jwt_secret_key: 'a secret of thirty-two bytes, once' });
    expect(await ask(secret)).toMatchObject({ supported: true, current: { works: true }, findings: [] });
    await secret.rotateAndSettle();
    const { previous } = await secret.rotate();
    expect(await ask(secret, previous)).toMatchObject({ current: { works: true }, previous: { works: true } });
    await laptop.clock.advance(86_400_000);
    expect(await ask(secret, previous)).not.toHaveProperty('previous');
  });

  test('a key that was changed by hand beside its ring, or is none, does not work', async () => {
    const secret = await jwtSecret(laptop, LEGACY);
    await secret.rotateAndSettle();
    await secret.put(JSON.stringify({ ...secret.payload(), jwt_secret_key: 'another' }));
    expect(await ask(secret)).toMatchObject({
      current: { works: false, reason: expect.stringContaining('not the current key of its ring') },
    });
    await secret.put(JSON.stringify({ jwt_secret_key: 'no pem', jwt_algorithm: 'ES256' }));
    expect(await ask(secret)).toMatchObject({
      current: { works: false, reason: expect.stringContaining('no ES256 key') },
    });
  });
});
