import type { ConnectionOptions } from 'node:tls';
import * as v from 'valibot';
import { JwtPayload } from './contracts/jwt.ts';
import { defaultProvider, withPrefix } from './defaults.ts';
import { ConfigurationMissingError, SecretMalformedError } from './errors.ts';
import { type StoredValue, textOf } from './secret-text.ts';
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

/** Host, database and login of a database secret. */
export interface DatabaseLogin {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** False only where the secret itself says `"ssl": false`. */
  readonly tls: boolean;
  readonly versionId: string | undefined;
}

/** The login as libraries take it, without a change: `pg`, Knex, Kysely and Drizzle; TypeORM and Sequelize; MikroORM. */
export interface DatabaseConfig extends DatabaseLogin {
  /** As `pg` and what is built on it take it: the server is verified. False where `tls` is. */
  readonly ssl: ConnectionOptions | false;
  /** The user, as TypeORM and Sequelize name it. */
  readonly username: string;
  /** The database, as MikroORM names it. */
  readonly dbName: string;
  /** Where Sequelize looks for `ssl`. */
  readonly dialectOptions: { readonly ssl: ConnectionOptions | false };
  /** Where MikroORM 7 looks for `ssl`. Version 6 wants `{ connection: { ssl } }`. */
  readonly driverOptions: { readonly ssl: ConnectionOptions | false };
}

/**
 * Reads a secret in AWS's database format. Libraries take the answer as it is, and verify the server's certificate. It is a
 * snapshot: call it for each new connection, or use RotatingPool, which does.
 *
 * @example
 * ```ts
 * import pg from 'pg';
 * import { getDatabaseConfig } from '@keyturn/consumer';
 *
 * export const handler = async () => {
 *   const client = new pg.Client(await getDatabaseConfig('shop/database'));
 *   await client.connect();
 *   await client.end();
 * };
 * ```
 *
 * @param secretId name or ARN. The default is DB_SECRET_ARN of the environment.
 * @throws SecretMalformedError naming the field | ConfigurationMissingError | the provider's errors
 */
export async function getDatabaseConfig(secretId?: string, options: ReadConfigOptions = {}): Promise<DatabaseConfig> {
  const login = await readDatabaseLogin(secretId, options);
  // Certificates are loaded with the first database.
  const { databaseTls } = await import('./database-tls.ts');
  const ssl = databaseTls(login.tls, login.host);
  const named = { username: login.user, dbName: login.database };
  return { ...login, ssl, ...named, dialectOptions: { ssl }, driverOptions: { ssl } };
}

/** The same without certificates. */
export async function readDatabaseLogin(
  secretId: string | undefined,
  options: ReadConfigOptions,
): Promise<DatabaseLogin> {
  const id = databaseSecretId('getDatabaseConfig', secretId);
  const { value, versionId } = await readJson(id, options);
  return toDatabaseLogin(withPrefix(id), value, versionId);
}

/** The secret that a caller names, or that of DB_SECRET_ARN. @throws ConfigurationMissingError */
export function databaseSecretId(caller: string, secretId = process.env.DB_SECRET_ARN): string {
  if (secretId?.trim()) return secretId;
  throw new ConfigurationMissingError(
    `${caller}() has no secret to read. Pass its name or ARN, or set DB_SECRET_ARN to its ARN.`,
  );
}

export function toDatabaseLogin(secretId: string, value: unknown, versionId: string | undefined): DatabaseLogin {
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

export const usualKeyFields = ['api_key', 'apiKey', 'key', 'token'];

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
  const { value } = await provider.getVersioned<StoredValue>(id, readOptions(options));
  return apiKeyOf(id, textOf(id, value), options.field);
}

export function apiKeyOf(secretId: string, value: string, field?: string): string {
  if (field === undefined && !value.trimStart().startsWith('{')) {
    const key = value.trim();
    if (key !== '') return key;
    throw new SecretMalformedError(`Secret ${secretId}: expected an API key, came a blank text.`);
  }
  const object = parseSecret(secretId, v.record(v.string(), v.unknown()), parseJson(secretId, value));
  const names = field === undefined ? usualKeyFields : [field];
  const key = names.map((name) => object[name]).find((found) => typeof found === 'string' && found.trim() !== '');
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
  const { value, versionId } = await provider.getVersioned<StoredValue>(id, readOptions(options));
  return { value: parseJson(id, textOf(id, value)), versionId };
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
  const places = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'the value'}: expected ${expectedOf(issue)}`);
  throw new SecretMalformedError(`Secret ${secretId}: ${[...new Set(places)].join('; ')}.`);
}

/** valibot writes `!0` for a length that must not be 0, and the names of members in quotes. */
function expectedOf(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'non_empty') return 'a text that is not empty';
  return issue.expected ?? issue.type;
}
