import * as v from 'valibot';
import type { JwtAlgorithm, JwtPayload, KeyRing } from '../../../packages/consumer/contracts/jwt.ts';
import { JwtSigner } from '../../../packages/consumer/jwt-signer.ts';
import { JwtVerifier } from '../../../packages/consumer/jwt-verifier.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { JwtSettings } from '../../../pipeline/contracts/settings/jwt.ts';
import { createJwtRotator } from '../../../pipeline/rotators/jwt/jwt-rotator.ts';
import { environment, makeSecret, putSecret } from './laptop.ts';

/** What a promise was rejected with; undefined where it was not. */
export const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  );

/** A JWT secret that the real rotator rotates. */
export async function rotatingKeysIn(
  cloud: RunningCloud,
  algorithm: JwtAlgorithm = 'HS256',
  fields: Partial<JwtPayload> = {},
) {
  const clock = { now: Date.parse('2026-03-01T00:00:00Z') };
  const rotator = createJwtRotator({ now: () => new Date(clock.now) });
  let payload = v.parse(v.any(), {
    jwt_secret_key: 'a first secret of thirty-two bytes',
    jwt_algorithm: 'HS256',
    ...fields,
  });
  await makeSecret(cloud, 'app/jwt', JSON.stringify(payload));
  const rotate = async (emergency = false) => {
    // Rotations are a day apart: the tokens of the previous key have ended.
    clock.now += 86_400_000;
    payload = await rotator.create(
      {
        secretArn: 'arn',
        secretName: 'app/jwt',
        token: 'token',
        settings: v.parse(JwtSettings, { algorithm }),
        emergency,
        assertNotOvertaken: async () => undefined,
      },
      { current: { versionId: 'current', payload } },
    );
    return putSecret(cloud, 'app/jwt', JSON.stringify(payload));
  };
  /** An environment with the rotator's time, whose cache lasts longer than the test. */
  const consumer = (maxAgeSeconds = 100 * 86_400) => {
    const { provider, observations } = environment(cloud, { maxAgeSeconds, now: () => clock.now });
    const options = { secretId: 'app/jwt', provider, now: () => clock.now };
    return { signer: new JwtSigner(options), verifier: new JwtVerifier(options), provider, observations };
  };
  return { clock, rotate, consumer, ring: () => payload.jwt_key_ring as KeyRing };
}
