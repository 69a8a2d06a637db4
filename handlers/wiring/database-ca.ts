import { join } from 'node:path';

/** The certificates of RDS and RDS Proxy, deployed beside the code of functions that open database connections. */
export const DATABASE_CA_FILE = 'database-ca.pem';

/** Where the certificates to trust are: libpq's own variable says so, else the file beside the code. */
export function databaseCaPath(environment: Readonly<Record<string, string | undefined>>): string {
  return environment.PGSSLROOTCERT ?? join(environment.LAMBDA_TASK_ROOT ?? '.', DATABASE_CA_FILE);
}
