import { ConfigurationInvalidError, ConfigurationMissingError } from './errors.ts';
import { type DatabaseLogin, type ReadConfigOptions, readDatabaseLogin } from './read-config.ts';

/** Modes that fall back to cleartext, or accept any certificate. https://www.postgresql.org/docs/current/libpq-ssl.html */
const unverifiedModes = new Set(['allow', 'prefer', 'no-verify']);

/**
 * Returns a connection URL, for libraries that take nothing else. It looks at DATABASE_URL first, then at the secret that
 * DB_SECRET_ARN names, then at DATABASE_HOST, _PORT, _NAME, _USER and _PASSWORD. Special characters are encoded. TLS is
 * verified unless the source itself turns it off (`sslmode=disable`, `"ssl": false`, DATABASE_SSL=false). A URL holds one
 * version of the password. Call this function for each new connection, or use RotatingPool.
 *
 * @example
 * ```ts
 * import pg from 'pg';
 * import { getDatabaseUrl } from '@keyturn/consumer';
 *
 * export const handler = async () => {
 *   const client = new pg.Client({ connectionString: await getDatabaseUrl() });
 *   await client.connect();
 *   await client.end();
 * };
 * ```
 *
 * @throws ConfigurationMissingError | ConfigurationInvalidError | SecretMalformedError | the provider's errors
 */
export async function getDatabaseUrl(options: ReadConfigOptions = {}): Promise<string> {
  const { DATABASE_URL, DB_SECRET_ARN } = process.env;
  if (DATABASE_URL) return withVerifiedTls(DATABASE_URL);
  return toUrl(DB_SECRET_ARN ? await readDatabaseLogin(DB_SECRET_ARN, options) : databaseConfigOfParts());
}

function withVerifiedTls(text: string): string {
  // The message does not quote the URL, which holds a password.
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['postgres:', 'postgresql:'].includes(url.protocol)) {
    throw new ConfigurationInvalidError(
      'DATABASE_URL is not a PostgreSQL URL: expected postgresql://user:password@host:port/database, with special characters percent-encoded.',
    );
  }
  const mode = url.searchParams.get('sslmode');
  if (mode !== null && unverifiedModes.has(mode)) {
    throw new ConfigurationInvalidError(
      `DATABASE_URL has sslmode=${mode}, which does not verify the server. Write sslmode=verify-full, or sslmode=disable if you mean that.`,
    );
  }
  if (mode === null || mode === 'require') url.searchParams.set('sslmode', 'verify-full');
  if (mode !== 'disable') setRootCertificate(url.searchParams);
  return url.href;
}

function databaseConfigOfParts(): DatabaseLogin {
  const { DATABASE_HOST, DATABASE_PORT, DATABASE_NAME, DATABASE_USER, DATABASE_PASSWORD, DATABASE_SSL } = process.env;
  const parts = { DATABASE_HOST, DATABASE_USER, DATABASE_PASSWORD };
  const missing = Object.entries(parts)
    .filter(([, value]) => !value)
    .map(([name]) => name);
  if (missing.length > 0) {
    throw new ConfigurationMissingError(
      `No database is configured: set DB_SECRET_ARN to the secret's ARN (recommended), or DATABASE_URL, or the parts; ${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} missing.`,
    );
  }
  const port = Number(DATABASE_PORT ?? 5432);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new ConfigurationInvalidError('DATABASE_PORT is not a port: expected a number from 1 to 65535.');
  }
  return {
    host: DATABASE_HOST as string,
    port,
    database: DATABASE_NAME ?? 'postgres',
    user: DATABASE_USER as string,
    password: DATABASE_PASSWORD as string,
    tls: DATABASE_SSL?.toLowerCase() !== 'false',
    versionId: undefined,
  };
}

function toUrl(config: DatabaseLogin): string {
  const login = `${encodeURIComponent(config.user)}:${encodeURIComponent(config.password)}`;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const parameters = new URLSearchParams({ sslmode: config.tls ? 'verify-full' : 'disable' });
  if (config.tls) setRootCertificate(parameters);
  return `postgresql://${login}@${host}:${config.port}/${encodeURIComponent(config.database)}?${parameters}`;
}

/** Libraries that take a URL read RDS's certificates from libpq's own parameter. */
function setRootCertificate(parameters: URLSearchParams): void {
  const path = process.env.PGSSLROOTCERT;
  if (path && !parameters.has('sslrootcert')) parameters.set('sslrootcert', path);
}
