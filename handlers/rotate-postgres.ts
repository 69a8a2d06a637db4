import { postgresKind } from './wiring/kinds/postgres.ts';
import { rotatorHandler } from './wiring/rotator.ts';

/** The rotation function of PostgreSQL logins: Secrets Manager's four steps, and the workflow's requests. */
export const handler = rotatorHandler(postgresKind);
