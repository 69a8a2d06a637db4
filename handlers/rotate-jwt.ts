import { jwtKind } from './wiring/kinds/jwt.ts';
import { rotatorHandler } from './wiring/rotator.ts';

/** The rotation function of JWT signing keys: Secrets Manager's four steps, and what the workflow asks. */
export const handler = rotatorHandler(jwtKind);
