import { postgresKind } from './wiring/kinds/postgres.ts';
import { verifierHandler } from './wiring/verifier.ts';

/** What the audit asks of the targets of PostgreSQL logins: it reads only, and knows Verify alone. */
export const handler = verifierHandler(postgresKind);
