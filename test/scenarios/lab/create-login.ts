import { readFileSync } from 'node:fs';
import pg from 'pg';
import { computeScramVerifier, formatScramVerifier } from '../../../packages/laptop/postgres/scram.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import type { RdsService } from '../../../packages/laptop/services/rds/service.ts';

/**
 * As the administrator that RDS gives: makes a login. The password goes as a verifier, so that whoever sets a scenario up
 * leaves none in the server's log.
 */
export async function createLogin(
  cloud: RunningCloud,
  superuser: { host: string; username: string; password: string },
  login: { username: string; password: string },
  database = 'app',
): Promise<void> {
  const verifier = formatScramVerifier(await computeScramVerifier(login.password));
  const client = new pg.Client({
    host: superuser.host,
    database,
    user: superuser.username,
    password: superuser.password,
    ssl: { ca: readFileSync(cloud.service<RdsService>('rds').caBundlePath, 'utf8') },
  });
  await client.connect();
  try {
    await client.query(`CREATE ROLE "${login.username}" LOGIN PASSWORD '${verifier}'`);
  } finally {
    await client.end();
  }
}
