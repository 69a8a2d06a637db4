import { jwtKind } from './wiring/kinds/jwt.ts';
import { verifierHandler } from './wiring/verifier.ts';

/** What the audit asks of the targets of JWT signing keys: it reads only, and knows Verify alone. */
export const handler = verifierHandler(jwtKind);
