import pg from 'pg';
import { computeScramVerifier, formatScramVerifier } from './scram.ts';

type Query = (statement: string, values?: unknown[], database?: string) => Promise<unknown>;

/**
 * The roles that RDS has in every database server, as stand-ins with the same rights.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html
 */
const roles = (major: number) => `
  CREATE ROLE rds_superuser NOLOGIN;
  CREATE ROLE rds_password NOLOGIN;
  CREATE ROLE rds_replication NOLOGIN;
  CREATE ROLE rds_iam NOLOGIN;
  GRANT pg_monitor, pg_signal_backend, ${major >= 15 ? 'pg_checkpoint, ' : ''}rds_password, rds_replication TO rds_superuser WITH ADMIN OPTION;
`;

export async function createRdsRoles(query: Query, major: number) {
  await query(roles(major));
  return {
    async createAdministrator({ user, password }: { user: string; password: string }): Promise<void> {
      const verifier = pg.escapeLiteral(formatScramVerifier(await computeScramVerifier(password)));
      const name = pg.escapeIdentifier(user);
      await query(`
        CREATE ROLE ${name} LOGIN CREATEROLE CREATEDB VALID UNTIL 'infinity' PASSWORD ${verifier};
        GRANT rds_superuser TO ${name};
        GRANT pg_monitor, pg_signal_backend, rds_password TO ${name} WITH ADMIN OPTION;
        ALTER DATABASE postgres OWNER TO ${name};
        ALTER DATABASE template1 OWNER TO ${name};
      `);
    },
  };
}
