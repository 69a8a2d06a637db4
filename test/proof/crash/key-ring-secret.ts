import * as v from 'valibot';
import type { StoredJwtPayload } from '../../../packages/consumer/contracts/jwt.ts';
import { verificationKeys } from '../../../packages/consumer/contracts/key-ring.ts';
import { JwtSettings } from '../../../pipeline/contracts/settings/jwt.ts';
import type { RotationFunction } from '../../../pipeline/rotation/rotation-function.ts';
import { createJwtRotator } from '../../../pipeline/rotators/jwt/jwt-rotator.ts';
import { verifySignature } from '../../../pipeline/rotators/jwt/verify-token.ts';
import { LEGACY, signAsLegacyReader } from '../../pipeline/rotators/jwt/fixture.ts';
import { manage } from '../../pipeline/rotators/native-rotation.ts';
import { expectNoLabels } from './database-secret.ts';
import type { Subject, World } from './parts.ts';

/** What AWSCURRENT signs is verified by its own ring. */
export async function manageKeyRing(
  { laptop, faults }: World,
  options: { adopt?: RotationFunction['adopt'] } = {},
): Promise<Subject> {
  const managed = await manage(laptop, {
    value: JSON.stringify(LEGACY),
    settings: v.parse(JwtSettings, {}),
    secret: { kind: 'jwt' },
    ...options,
    rotator: () => createJwtRotator({ now: () => laptop.clock.now() }),
  });
  const secret = faults.watch(laptop, managed);
  const useCurrent = async () => {
    const payload = JSON.parse(secret.value()) as StoredJwtPayload;
    const token = await signAsLegacyReader(payload as never);
    await verifySignature(token, verificationKeys(payload.jwt_key_ring!, laptop.clock.now()));
  };
  const expectClean = async () => {
    await useCurrent();
    await expectNoLabels(secret);
  };
  return { secret, useCurrent, expectClean };
}
