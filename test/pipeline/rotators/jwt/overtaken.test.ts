import * as v from 'valibot';
import { JwtSettings } from '../../../../pipeline/contracts/settings/jwt.ts';
import { createJwtRotator } from '../../../../pipeline/rotators/jwt/jwt-rotator.ts';
import type { Rotation } from '../../../../pipeline/rotators/rotator.ts';
import { LEGACY } from './fixture.ts';

const now = () => new Date('2026-03-01T00:00:00Z');

test('no operation writes anywhere: each answers without asking the guard, and leaves the payloads alone', async () => {
  const rotator = createJwtRotator({ now });
  let looks = 0;
  const rotation: Rotation<JwtSettings> = {
    secretArn: 'arn',
    secretName: 'app/jwt',
    token: 'v2',
    settings: v.parse(JwtSettings, {}),
    emergency: false,
    assertNotOvertaken: async () => {
      looks += 1;
    },
  };
  const current = { versionId: 'v1', payload: rotator.parse('arn', JSON.stringify(LEGACY)) };
  const pending = { versionId: 'v2', payload: await rotator.create(rotation, { current }) };
  const before = structuredClone([current, pending]);
  await rotator.set(rotation, { current, pending });
  await rotator.test(rotation, { current, pending });
  await rotator.abandon(rotation, { current, candidate: pending });
  await rotator.restore(rotation, { failed: pending, previous: current });
  expect(await rotator.retire(rotation, { current: pending, previous: current, promotedAt: now() })).toBe(false);
  expect([rotator.sweep, rotator.repair]).toEqual([undefined, undefined]);
  expect([current, pending]).toEqual(before);
  expect(looks).toBe(0);
});
