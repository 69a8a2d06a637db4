import { randomBytes } from 'node:crypto';
import { RDSClient } from '@aws-sdk/client-rds';
import { PostgresSettings } from '../../../pipeline/contracts/settings/postgres.ts';
import { createPostgresRotator } from '../../../pipeline/rotators/postgres/postgres-rotator.ts';
import { databaseCaPath } from '../database-ca.ts';
import { defineKind } from '../served-kind.ts';

/** What the functions of this kind work with. */
export const postgresKind = defineKind({
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
