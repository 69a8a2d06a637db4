/**
 * An application that has each database library at once. For each line on its standard input every library makes one query,
 * by the way that docs/consumers.md gives for it; one line of JSON says as whom, and whether the connection is encrypted.
 */
export const program = `
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import 'reflect-metadata';
import { MikroORM } from '@mikro-orm/postgresql';
import { PrismaPg } from '@prisma/adapter-pg';
import { drizzle } from 'drizzle-orm/node-postgres';
import { sql as drizzleSql } from 'drizzle-orm';
import knex from 'knex';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import postgres from 'postgres';
import { Sequelize } from 'sequelize';
import { DataSource } from 'typeorm';
import { getDatabaseConfig, knexConnection, RotatingSecretsProvider, setDefaultProvider } from '@keyturn/consumer';
import { RotatingPool } from '@keyturn/consumer/pool';

setDefaultProvider(new RotatingSecretsProvider({ maxAgeSeconds: 0.2, refetchCooldownSeconds: 0, observe: () => {} }));
const secretId = process.env.DB_SECRET_ARN;
const question = 'SELECT session_user AS "user", (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS "isEncrypted"';

// Long-lived, each by its own way to a new login.
const pool = new RotatingPool({ secretId, max: 4 });
const throughKnex = knex({ client: 'pg', connection: knexConnection(secretId), pool: { min: 0, max: 2 } });
const throughKysely = new Kysely({ dialect: new PostgresDialect({ pool }) });
const throughDrizzle = drizzle({ client: pool });
const sequelize = new Sequelize({ dialect: 'postgres', logging: false, pool: { max: 1, min: 0 } });
sequelize.beforeConnect(async (config) => Object.assign(config, await getDatabaseConfig(secretId)));
class PoolOfSecret { constructor() { return new RotatingPool({ secretId, max: 2 }); } }
const typeorm = new DataSource({ type: 'postgres', driver: { ...pg, Pool: PoolOfSecret } });
await typeorm.initialize();

const libraries = {
  async pg() {
    const client = new pg.Client(await getDatabaseConfig(secretId));
    await client.connect();
    try { return (await client.query(question)).rows[0]; } finally { await client.end(); }
  },
  async RotatingPool() { return (await pool.query(question)).rows[0]; },
  async knex() { return (await throughKnex.raw(question)).rows[0]; },
  async kysely() { return (await sql.raw(question).execute(throughKysely)).rows[0]; },
  async drizzle() { return (await throughDrizzle.execute(drizzleSql.raw(question))).rows[0]; },
  async prisma() {
    const adapter = await new PrismaPg(pool, { disposeExternalPool: false }).connect();
    const { columnNames, rows } = await adapter.queryRaw({ sql: question, args: [], argTypes: [] });
    return Object.fromEntries(columnNames.map((name, index) => [name, rows[0][index]]));
  },
  async 'typeorm, with a pool'() { return (await typeorm.query(question))[0]; },
  async 'typeorm, a snapshot'() {
    const source = new DataSource({ type: 'postgres', ...(await getDatabaseConfig(secretId)) });
    await source.initialize();
    try { return (await source.query(question))[0]; } finally { await source.destroy(); }
  },
  async 'sequelize, before each connection'() { return (await sequelize.query(question))[0][0]; },
  async 'sequelize, a snapshot'() {
    const snapshot = new Sequelize({ dialect: 'postgres', logging: false, ...(await getDatabaseConfig(secretId)) });
    try { return (await snapshot.query(question))[0][0]; } finally { await snapshot.close(); }
  },
  async 'mikro-orm'() {
    const orm = await MikroORM.init({ ...(await getDatabaseConfig(secretId)), entities: [], discovery: { warnWhenNoEntities: false } });
    try { return (await orm.em.getConnection().execute(question))[0]; } finally { await orm.close(); }
  },
  async 'postgres.js'() {
    const { host, port, database, user, password, ssl } = await getDatabaseConfig(secretId);
    const connection = postgres({ host, port, database, user, password, ssl, max: 1 });
    try { return (await connection.unsafe(question))[0]; } finally { await connection.end(); }
  },
};

const within = (query) => Promise.race([query(), wait(5000).then(() => { throw new Error('no answer within 5 s'); })]);

for await (const _ of createInterface({ input: process.stdin })) {
  const answers = {};
  await wait(500);
  for (const [name, query] of Object.entries(libraries)) {
    // A connection that retirement has ended fails its first query in libraries without a check of their own.
    answers[name] = await within(query).catch(() => within(query)).catch((error) => ({ error: String(error?.stack ?? error) }));
  }
  console.log(JSON.stringify(answers));
}
process.exit(0);
`;
