import * as v from 'valibot';
import { JwtPayload } from '../pipeline/contracts/payloads/jwt.ts';
import { defaultProvider, withPrefix } from './defaults.ts';
import { ConfigurationMissingError, SecretMalformedError } from './errors.ts';
import type { RotatingSecretsProvider } from './rotating-secrets-provider.ts';

export interface ReadConfigOptions {
  /** @default - the shared provider */
  readonly provider?: RotatingSecretsProvider;
  /** Seconds. @default - the provider's */
  readonly maxAge?: number;
}

const DatabaseSecret = v.looseObject({
  engine: v.optional(v.string()),
  host: v.pipe(v.string(), v.nonEmpty()),
  port: v.optional(
    v.union([v.pipe(v.number(), v.integer()), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number))]),
    5432,
  ),
  dbname: v.optional(v.string(), 'postgres'),
  username: v.pipe(v.string(), v.nonEmpty()),
  password: v.pipe(v.string(), v.nonEmpty()),
  ssl: v.optional(v.union([v.boolean(), v.string()])),
});

/** Where and as whom to connect, as `pg` takes it. */
export interface DatabaseConfig {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** TLS is required unless the secret itself says `"ssl": false`. */
  readonly tls: boolean;
  readonly versionId: string | undefined;
}

/** Reads a secret in AWS's database format. @throws SecretMalformedError naming the field, and the provider's errors. */
export async function getDatabaseConfig(secretId: string, options: ReadConfigOptions = {}): Promise<DatabaseConfig> {
  const { value, versionId } = await readJson(secretId, options);
  return toDatabaseConfig(withPrefix(secretId), value, versionId);
}

export function toDatabaseConfig(secretId: string, value: unknown, versionId: string | undefined): DatabaseConfig {
  const secret = parseSecret(secretId, DatabaseSecret, value);
  return {
    host: secret.host,
    port: secret.port,
    database: secret.dbname,
    user: secret.username,
    password: secret.password,
    tls: secret.ssl !== false && secret.ssl !== 'false',
    versionId,
  };
}

export interface JwtConfig extends JwtPayload {
  readonly versionId: string | undefined;
}

/** Reads a secret with the JWT fields and, once rotated, its key ring. */
export async function getJwtConfig(secretId: string, options: ReadConfigOptions = {}): Promise<JwtConfig> {
  const { value, versionId } = await readJson(secretId, options);
  return { ...parseSecret(withPrefix(secretId), JwtPayload, value), versionId };
}

const usualKeyFields = ['api_key', 'apiKey', 'key', 'token'];

/** Reads an API key: a plain string, or JSON with the key under `field`. @default field - api_key, apiKey, key or token */
export async function getApiKey(
  secretId: string,
  options: ReadConfigOptions & { field?: string } = {},
): Promise<string> {
  return (await getApiKeyVersion(secretId, options)).value;
}

export async function getApiKeyVersion(
  secretId: string,
  options: ReadConfigOptions & { field?: string } = {},
): Promise<{ value: string; versionId: string | undefined }> {
  const provider = options.provider ?? defaultProvider();
  const id = withPrefix(secretId);
  const { value, versionId } = await provider.getVersioned(id, readOptions(options));
  return { value: apiKeyOf(id, value, options.field), versionId };
}

export function apiKeyOf(secretId: string, value: string, field?: string): string {
  if (field === undefined && !value.trimStart().startsWith('{')) return value;
  const object = parseSecret(secretId, v.record(v.string(), v.unknown()), parseJson(secretId, value));
  const names = field === undefined ? usualKeyFields : [field];
  const key = names.map((name) => object[name]).find((found) => typeof found === 'string' && found !== '');
  if (typeof key === 'string') return key;
  throw new SecretMalformedError(
    `Secret ${secretId}: expected an API key as text under ${names.join(', ')}. Name the field: getApiKey(id, { field }).`,
  );
}

/**
 * A connection URL for libraries that take nothing else, in this order: DATABASE_URL; the secret that DB_SECRET_ARN
 * names; DATABASE_HOST, _PORT, _NAME, _USER and _PASSWORD. Special characters are encoded; TLS is required.
 */
export async function getDatabaseUrl(options: ReadConfigOptions = {}): Promise<string> {
  const { DATABASE_URL, DB_SECRET_ARN } = process.env;
  if (DATABASE_URL) return DATABASE_URL;
  return toUrl(DB_SECRET_ARN ? await getDatabaseConfig(DB_SECRET_ARN, options) : databaseConfigOfParts());
}

function databaseConfigOfParts(): DatabaseConfig {
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
  return {
    host: DATABASE_HOST as string,
    port: Number(DATABASE_PORT ?? 5432),
    database: DATABASE_NAME ?? 'postgres',
    user: DATABASE_USER as string,
    password: DATABASE_PASSWORD as string,
    tls: DATABASE_SSL !== 'false',
    versionId: undefined,
  };
}

function toUrl(config: DatabaseConfig): string {
  const login = `${encodeURIComponent(config.user)}:${encodeURIComponent(config.password)}`;
  const tls = config.tls ? '?sslmode=verify-full' : '?sslmode=disable';
  return `postgresql://${login}@${config.host}:${config.port}/${encodeURIComponent(config.database)}${tls}`;
}

async function readJson(
  secretId: string,
  options: ReadConfigOptions,
): Promise<{ value: unknown; versionId: string | undefined }> {
  const provider = options.provider ?? defaultProvider();
  const id = withPrefix(secretId);
  const { value, versionId } = await provider.getVersioned<string>(id, readOptions(options));
  return { value: parseJson(id, value), versionId };
}

function readOptions(options: ReadConfigOptions): { maxAge?: number } {
  return options.maxAge === undefined ? {} : { maxAge: options.maxAge };
}

function parseJson(secretId: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    // The cause is dropped on purpose: JSON.parse quotes what it could not read, which is a secret.
    throw new SecretMalformedError(`Secret ${secretId}: expected JSON, came something else.`);
  }
}

export function parseSecret<Schema extends v.GenericSchema>(
  secretId: string,
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const places = result.issues.map(
    (issue) => `${v.getDotPath(issue) ?? 'the value'}: expected ${issue.expected ?? issue.type}`,
  );
  throw new SecretMalformedError(`Secret ${secretId}: ${[...new Set(places)].join('; ')}.`);
}
