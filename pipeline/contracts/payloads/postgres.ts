import * as v from 'valibot';

const text = v.pipe(v.string(), v.nonEmpty());
const port = v.union([
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  v.pipe(
    v.string(),
    v.regex(/^\d{1,5}$/, 'expected a port number'),
    v.check((digits) => Number(digits) >= 1 && Number(digits) <= 65_535, 'expected a port number'),
  ),
]);
const engine = v.picklist(['postgres', 'aurora-postgresql']);

/**
 * AWS's JSON of a database secret, as written: unknown fields are kept, and a port stays the number or text it was.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
 */
export const PostgresPayload = v.looseObject({
  engine,
  host: text,
  username: text,
  password: text,
  dbname: v.optional(text),
  port: v.optional(port),
  /** The superuser secret's ARN, where the settings name none. */
  masterarn: v.optional(v.pipe(v.string(), v.startsWith('arn:'))),
  dbInstanceIdentifier: v.optional(text),
  dbClusterIdentifier: v.optional(text),
  /** Only an explicit false turns TLS off. */
  ssl: v.optional(v.union([v.boolean(), v.picklist(['true', 'false', 'True', 'False'])])),
});
export type PostgresPayload = v.InferOutput<typeof PostgresPayload>;

/** A superuser's secret. RDS-managed ones hold user name and password only. */
export const SuperuserPayload = v.looseObject({
  username: text,
  password: text,
  engine: v.optional(engine),
  host: v.optional(text),
  port: v.optional(port),
  dbname: v.optional(text),
  ssl: PostgresPayload.entries.ssl,
});
export type SuperuserPayload = v.InferOutput<typeof SuperuserPayload>;

export interface DatabaseAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly tls: boolean;
}

/** Where a payload's database is; port 5432 and database `postgres` where it says nothing, as AWS's functions. */
export function databaseAddress(payload: Pick<PostgresPayload, 'host' | 'port' | 'dbname' | 'ssl'>): DatabaseAddress {
  return {
    host: payload.host,
    port: Number(payload.port ?? 5432),
    database: payload.dbname ?? 'postgres',
    tls: payload.ssl === undefined || String(payload.ssl).toLowerCase() !== 'false',
  };
}
