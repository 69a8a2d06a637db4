import * as v from 'valibot';
import { JwtPayload } from './contracts/jwt.ts';
import { defaultProvider, withPrefix } from './defaults.ts';
import { ConfigurationMissingError, SecretMalformedError } from './errors.ts';
import type { VersionedReader } from './versioned-reader.ts';

export interface ReadConfigOptions {
  /** @default - the shared provider */
  readonly provider?: VersionedReader;
  /** Seconds. @default - the provider's */
  readonly maxAge?: number;
}

const text = v.pipe(v.string(), v.nonEmpty());

/** AWS's JSON of a database secret. The port may be text. Only `ssl` false, in any case of letters, turns TLS off. */
const DatabaseSecret = v.looseObject({
  host: text,
  port: v.optional(
    v.pipe(
      v.union([v.number(), v.pipe(v.string(), v.digits(), v.transform(Number))]),
      v.integer(),
      v.minValue(1),
      v.maxValue(65_535),
    ),
    5432,
  ),
  dbname: v.optional(text, 'postgres'),
  username: text,
  password: text,
  ssl: v.optional(v.union([v.boolean(), v.pipe(v.string(), v.toLowerCase(), v.picklist(['true', 'false']))])),
});

/** Host, database and login, with the names that `pg` uses. */
export interface DatabaseConfig {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** False only where the secret itself says `"ssl": false`. */
  readonly tls: boolean;
  readonly versionId: string | undefined;
}

/**
 * Reads a secret in AWS's database format.
 *
 * @example
 * ```ts
 * import { getDatabaseConfig } from '@keyturn/consumer';
 *
 * export const handler = async () => {
 *   const { host, port, database, user } = await getDatabaseConfig('shop/database');
 *   return `${user} at ${host}:${port}/${database}`;
 * };
 * ```
 *
 * @param secretId name or ARN. The default is DB_SECRET_ARN of the environment.
 * @throws SecretMalformedError naming the field | ConfigurationMissingError | the provider's errors
 */
export async function getDatabaseConfig(secretId?: string, options: ReadConfigOptions = {}): Promise<DatabaseConfig> {
  const id = secretId ?? process.env.DB_SECRET_ARN;
  if (!id) {
    throw new ConfigurationMissingError(
      'getDatabaseConfig() has no secret to read. Pass its name or ARN, or set DB_SECRET_ARN to its ARN.',
    );
  }
  const { value, versionId } = await readJson(id, options);
  return toDatabaseConfig(withPrefix(id), value, versionId);
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

/**
 * Reads a secret with the JWT fields. After its first rotation it has a key ring too.
 *
 * @example
 * ```ts
 * import { getJwtConfig } from '@keyturn/consumer';
 *
 * export const handler = async () => {
 *   const { jwt_issuer, jwt_algorithm, versionId } = await getJwtConfig('shop/jwt');
 *   return { jwt_issuer, jwt_algorithm, versionId };
 * };
 * ```
 *
 * @throws as getDatabaseConfig
 */
export async function getJwtConfig(secretId: string, options: ReadConfigOptions = {}): Promise<JwtConfig> {
  const { value, versionId } = await readJson(secretId, options);
  return { ...toJwtPayload(withPrefix(secretId), value), versionId };
}

export function toJwtPayload(secretId: string, value: unknown): JwtPayload {
  return parseSecret(secretId, JwtPayload, value);
}

const usualKeyFields = ['api_key', 'apiKey', 'key', 'token'];

/**
 * Reads an API key: a plain string, or JSON with the key under `field`.
 *
 * @example
 * ```ts
 * import { getApiKey } from '@keyturn/consumer';
 *
 * export const handler = async () => {
 *   const key = await getApiKey('shop/vendor-key', { field: 'secret_key' });
 *   return { isSet: key !== '' };
 * };
 * ```
 *
 * @param options `field` is api_key, apiKey, key or token by default
 * @throws SecretMalformedError | the provider's errors
 */
export async function getApiKey(
  secretId: string,
  options: ReadConfigOptions & { field?: string } = {},
): Promise<string> {
  const provider = options.provider ?? defaultProvider();
  const id = withPrefix(secretId);
  const { value } = await provider.getVersioned(id, readOptions(options));
  return apiKeyOf(id, value, options.field);
}

export function apiKeyOf(secretId: string, value: string, field?: string): string {
  if (field === undefined && !value.trimStart().startsWith('{')) return value.trim();
  const object = parseSecret(secretId, v.record(v.string(), v.unknown()), parseJson(secretId, value));
  const names = field === undefined ? usualKeyFields : [field];
  const key = names.map((name) => object[name]).find((found) => typeof found === 'string' && found !== '');
  if (typeof key === 'string') return key;
  throw new SecretMalformedError(
    `Secret ${secretId}: expected an API key as text under ${names.join(', ')}. Name the field: getApiKey(id, { field }).`,
  );
}

async function readJson(
  secretId: string,
  options: ReadConfigOptions,
): Promise<{ value: unknown; versionId: string | undefined }> {
  const provider = options.provider ?? defaultProvider();
  const id = withPrefix(secretId);
  const { value, versionId } = await provider.getVersioned(id, readOptions(options));
  return { value: parseJson(id, value), versionId };
}

function readOptions(options: ReadConfigOptions): { maxAge?: number } {
  return options.maxAge === undefined ? {} : { maxAge: options.maxAge };
}

export function parseJson(secretId: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    // The cause is left out: JSON.parse quotes the text that it cannot parse, which is a secret.
    throw new SecretMalformedError(`Secret ${secretId}: expected JSON, came something else.`);
  }
}

function parseSecret<Schema extends v.GenericSchema>(
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
