import { readFileSync } from 'node:fs';
import { CompactSign, importJWK } from 'jose';
import type { JwtAlgorithm, RingKey } from '../../../../packages/consumer/contracts/jwt.ts';
import { adoptKey, secretKeyText } from '../../../../pipeline/rotators/jwt/ring-key.ts';
import { verifySignature } from '../../../../pipeline/rotators/jwt/verify-token.ts';

const read = (name: string) => JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), 'utf8'));

interface Group {
  comment: string;
  key: Record<string, any>;
  tests: { tcId: number; comment: string; jws: string; result: 'valid' | 'invalid' }[];
}

describe.each(
  (read('wycheproof-jws').groups as Group[]).map((group) => [group.comment, group] as const),
)('Wycheproof, %s', (_, { key, tests }) => {
  const ringKey = { kid: key.kid, alg: key.alg ?? 'ES256', jwk: key } as RingKey;

  test.each(
    tests.map((vector) => [vector.tcId, vector.comment, vector] as const),
  )('%i %s', async (_number, _comment, vector) => {
    const verifying = verifySignature(vector.jws, [ringKey]);
    if (vector.result === 'valid') await expect(verifying).resolves.toHaveProperty('payload');
    else await expect(verifying).rejects.toMatchObject({ code: 'TokenRefused' });
  });
});

describe('the RFCs’ appendices', () => {
  const { signatures, unsecured, ed25519Private } = read('rfc-appendices') as {
    signatures: { name: string; alg: JwtAlgorithm; key: RingKey['jwk']; jws: string; payload: string }[];
    unsecured: { jws: string };
    ed25519Private: { key: RingKey['jwk']; thumbprint: string };
  };
  const ring = signatures.map(({ name, alg, key }): RingKey => ({ kid: name, alg, jwk: key }));

  test.each(signatures.map((vector) => [vector.name, vector] as const))('%s verifies by a ring', async (_, vector) => {
    // All five keys are held at once: a token without a kid finds its own.
    const { payload } = await verifySignature(vector.jws, ring);
    expect(Buffer.from(payload).toString('utf8')).toBe(vector.payload);
    const others = ring.filter((key) => key.kid !== vector.name);
    await expect(verifySignature(vector.jws, others)).rejects.toMatchObject({ code: 'TokenRefused' });
  });

  test('RFC 7515 A.5: what is unsecured is refused', async () => {
    await expect(verifySignature(unsecured.jws, ring)).rejects.toMatchObject({ code: 'TokenRefused' });
  });

  test('RFC 8037 A.3 and A.4: the kid is the thumbprint of the public key; the ring’s key signs the same bytes', async () => {
    const pem = secretKeyText({ kid: 'a1', alg: 'EdDSA', jwk: ed25519Private.key });
    const adopted = await adoptKey('EdDSA', pem);
    expect(adopted.kid).toBe(ed25519Private.thumbprint);
    const { payload, jws } = signatures.at(-1)!;
    const signed = await new CompactSign(Buffer.from(payload))
      .setProtectedHeader({ alg: 'EdDSA' })
      .sign(await importJWK(adopted.jwk as never, 'EdDSA'));
    expect(signed).toBe(jws);
  });
});
