import { JwtSettings } from '../../../pipeline/contracts/settings/jwt.ts';
import { createJwtRotator } from '../../../pipeline/rotators/jwt/jwt-rotator.ts';
import { defineKind } from '../served-kind.ts';

/** What the functions of this kind work with. */
export const jwtKind = defineKind({
  settings: JwtSettings,
  rotator: ({ now }) => createJwtRotator({ now }),
});
