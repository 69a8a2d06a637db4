import { JwtSettings } from '../pipeline/contracts/settings/jwt.ts';
import { createJwtRotator } from '../pipeline/rotators/jwt/jwt-rotator.ts';
import { rotatorHandler } from './wiring/rotator.ts';

/** The rotation function of JWT signing keys: Secrets Manager's four steps, and what the workflow asks. */
export const handler = rotatorHandler({
  settings: JwtSettings,
  rotator: ({ now }) => createJwtRotator({ now }),
});
