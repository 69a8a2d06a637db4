import { defaultProvider, withPrefix } from './defaults.ts';
import { type DatabaseConfig, databaseSecretId, getDatabaseConfig, type ReadConfigOptions } from './read-config.ts';

/** What Knex takes as a connection: the config, and a function that says whether to ask for it again. */
export type KnexConnection = DatabaseConfig & { expirationChecker(): boolean };

/**
 * Returns the `connection` of a Knex config. Knex asks it for the login, and asks again before a new connection once the
 * secret has another version. Connections that are open keep their login until they are closed.
 *
 * @example
 * ```ts
 * import { knexConnection } from '@keyturn/consumer';
 *
 * // import knex from 'knex'; const db = knex(config);
 * export const config = { client: 'pg', connection: knexConnection('shop/database'), pool: { min: 0, max: 2 } };
 * ```
 *
 * https://knexjs.org/guide/#configuration-options
 * @param secretId name or ARN. The default is DB_SECRET_ARN of the environment, at the first connection.
 */
export function knexConnection(secretId?: string, options: ReadConfigOptions = {}): () => Promise<KnexConnection> {
  return async () => {
    const id = databaseSecretId('knexConnection', secretId);
    const provider = options.provider ?? defaultProvider();
    const config = await getDatabaseConfig(id, options);
    const name = withPrefix(id);
    // The parsed value is the same object for as long as a version is cached.
    const value = provider.current<unknown>(name, 'json');
    return { ...config, expirationChecker: () => value === undefined || provider.current(name, 'json') !== value };
  };
}
