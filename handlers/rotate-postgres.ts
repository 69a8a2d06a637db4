import { randomBytes } from 'node:crypto';
import { RDSClient } from '@aws-sdk/client-rds';
import { PostgresSettings } from '../pipeline/contracts/settings/postgres.ts';
import { createPostgresRotator } from '../pipeline/rotators/postgres/postgres-rotator.ts';
import { databaseCaPath } from './wiring/database-ca.ts';
import { rotatorHandler } from './wiring/rotator.ts';

/** The rotation function of PostgreSQL logins: Secrets Manager's four steps, and the workflow's requests. */
export const handler = rotatorHandler({
  settings: PostgresSettings,
  rotator: ({ secretsManager, now }) => {
    let rds: RDSClient | undefined;
    return createPostgresRotator({
      secretsManager,
      rds: () => {
        rds ??= new RDSClient({});
        return rds;
      },
      now,
      randomBytes,
      caBundle: databaseCaPath(process.env),
    });
  },
});
