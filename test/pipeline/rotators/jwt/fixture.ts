import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import * as v from 'valibot';
import type { StoredJwtPayload } from '../../../../packages/consumer/contracts/jwt.ts';
import { JwtSettings } from '../../../../pipeline/contracts/settings/jwt.ts';
import { createJwtRotator } from '../../../../pipeline/rotators/jwt/jwt-rotator.ts';
import { type Laptop, manage } from '../native-rotation.ts';

export const LEGACY = {
  jwt_secret_key: 'a-secret-of-old-times',
  jwt_algorithm: 'HS256',
  jwt_issuer: 'https://app.example',
  jwt_audience: 'api',
  jwt_access_token_expire_minutes: '30',
  ours: { kept: [1, 2] },
};
/** A JWT secret in care, with what the workflow does after a rotation. */
export async function jwtSecret(laptop: Laptop, value: object, settings: Record<string, unknown> = {}) {
  const secret = await manage(laptop, {
    value: JSON.stringify(value),
    settings: v.parse(JwtSettings, settings),
    rotator: () => createJwtRotator({ now: () => laptop.clock.now() }),
  });
  const payload = (stage?: string) => JSON.parse(secret.value(stage)) as StoredJwtPayload;
  const settle = async (versions: { token: string; previous: string }) => {
    const promotedAt = laptop.clock.now().toISOString();
    await laptop.clock.advance(86_400_000);
    const request = { versionId: versions.token, previousVersionId: versions.previous, promotedAt };
    expect(await secret.ask({ operation: 'GatherEvidence', ...request })).toMatchObject({ verdict: 'free' });
    expect(await secret.ask({ operation: 'Retire', ...request })).toEqual({ retired: true });
  };
  const rotateAndSettle = async () => {
    const rotated = await secret.rotate();
    expect(rotated.promoted).toBe(true);
    await settle(rotated);
    return rotated;
  };
  return { ...secret, payload, settle, rotateAndSettle };
}

/** A service that knows `jwt_secret_key` and `jwt_algorithm` alone, as it was written before there was a ring. */
export async function signAsLegacyReader(payload: StoredJwtPayload): Promise<string> {
  const { jwt_secret_key: text, jwt_algorithm: alg } = payload;
  const key = alg.startsWith('HS') ? Buffer.from(text) : createPrivateKey(text.replaceAll('\\n', '\n'));
  return new SignJWT({ sub: 'me' }).setProtectedHeader({ alg }).sign(key);
}
