import * as v from 'valibot';
import { verificationKeys } from '../../../pipeline/contracts/key-ring.ts';
import type { StoredJwtPayload } from '../../../pipeline/contracts/payloads/jwt.ts';
import { JwtSettings } from '../../../pipeline/contracts/settings/jwt.ts';
import { createJwtRotator } from '../../../pipeline/rotators/jwt/jwt-rotator.ts';
import { verifySignature } from '../../../pipeline/rotators/jwt/verify-token.ts';
import { LEGACY, signAsLegacyReader } from '../../pipeline/rotators/jwt/fixture.ts';
import { type Laptop, manage, openLaptop } from '../../pipeline/rotators/native-rotation.ts';
import { attack } from './attack.ts';
import { expectNoLabels } from './database-secret.ts';
import { Faults } from './faults.ts';
import { parts, type Subject } from './parts.ts';

let laptop: Laptop;
const faults = new Faults();
beforeAll(async () => {
  laptop = await openLaptop();
  faults.around(laptop);
});
afterAll(() => laptop?.close());

/** What AWSCURRENT signs is verified by its own ring. */
async function keyRing(): Promise<Subject> {
  const managed = await manage(laptop, {
    value: JSON.stringify(LEGACY),
    settings: v.parse(JwtSettings, {}),
    secret: { kind: 'jwt' },
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

test.each(Object.keys(parts))('%s: whatever befalls a call, AWSCURRENT signs what is verified', async (part) => {
  const subject = await keyRing();
  await parts.rotation!({ laptop, faults }, subject);
  const { calls, points, windows } = await attack({ laptop, faults }, subject, part);
  console.info(`jwt, ${part}: ${calls} calls, ${points} points`);
  expect(windows).toEqual([]);
}, 300_000);
