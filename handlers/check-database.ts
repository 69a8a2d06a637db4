import { setTimeout as sleep } from 'node:timers/promises';
import { RDSClient } from '@aws-sdk/client-rds';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Check } from '../pipeline/checks/check.ts';
import { databaseCheck } from '../pipeline/checks/database.ts';
import { runCheck } from '../pipeline/checks/run-check.ts';
import type { CheckVerdict } from '../pipeline/contracts/check.ts';
import type { DatabaseCheckType } from '../pipeline/contracts/check-types.ts';
import { databaseCaPath } from './wiring/database-ca.ts';

const now = () => new Date();
/** In a VPC without an endpoint for the RDS API nothing answers: then it is known soon, and the logins speak. */
const soon = { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true };
let rds: RDSClient | undefined;

const checks = {
  database: databaseCheck({
    secretsManager: new SecretsManagerClient({}),
    rds: () => {
      rds ??= new RDSClient({ maxAttempts: 2, requestHandler: soon });
      return rds;
    },
    now,
    sleep: (milliseconds) => sleep(milliseconds),
    caBundle: databaseCaPath(process.env),
  }),
} satisfies Record<DatabaseCheckType, Check<any>>;

/** Task state RunCheck for databases: runs where they can be reached. */
export async function handler(event: unknown): Promise<CheckVerdict> {
  return runCheck(checks, event, now);
}
