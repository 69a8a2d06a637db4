import { preflightPostgres } from '../../../../../pipeline/rotators/postgres/preflight.ts';
import { whatHangs } from '../../../../../pipeline/rotators/postgres/what-hangs.ts';
import { newSecret, quote } from '../fixture.ts';
import { majorsHere } from '../other-servers.ts';
import { bySuperuser, expectRefusedAlike, secondOf, useServer } from './pair.ts';

const listed = whatHangs.flatMap(({ columns }) => columns);

describe.each(majorsHere(13, 14, 15, 16, 17, 18))('the catalogs of PostgreSQL %i', (major) => {
  const target = useServer(major);

  test('every column that names a role stands in a row of the table', async () => {
    // Up to version 13 the server does not list its catalogs' references; owners are found by their names.
    const references =
      major >= 14
        ? `SELECT fktable::text || '.' || fkcols[1] FROM pg_get_catalog_foreign_keys() WHERE pktable = 'pg_authid'::regclass`
        : `SELECT attrelid::regclass::text || '.' || attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
           WHERE c.relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace AND atttypid = 'oid'::regtype AND attname ~ '(owner|datdba|umuser|setrole|defaclrole)$'`;
    const { rows } = await target.server.query<{ name: string }>(
      `SELECT n AS name FROM (${references} UNION SELECT attrelid::regclass::text || '.' || attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
         WHERE c.relkind = 'r' AND relnamespace = 'pg_catalog'::regnamespace AND atttypid IN ('aclitem[]'::regtype, 'regrole'::regtype)) AS x(n)`,
    );
    const named = rows.map(({ name }) => name);
    expect(named.length).toBeGreaterThan(25);
    expect(named.filter((name) => !listed.includes(name))).toEqual([]);
    if (major === 18) expect(listed.filter((name) => name !== 'pg_authid' && !named.includes(name))).toEqual([]);
  });

  test('plan counts what hangs on the logins, and says what becomes of it', async () => {
    const secret = await newSecret(target.server);
    await bySuperuser(
      secret,
      `CREATE TABLE one (id int); ALTER TABLE one OWNER TO ${quote(secret.username)}; ALTER ROLE ${quote(secret.username)} SET work_mem = '5MB'`,
    );
    const { hanging } = await preflightPostgres(secret.dependencies, secret.rotation(''), secret.state.current.payload);
    expect(hanging).toContainEqual(
      expect.objectContaining({ what: 'tables, views and sequences', count: 1, fate: 'carried' }),
    );
    expect(hanging).toContainEqual(expect.objectContaining({ what: 'settings of the role', count: 1 }));
    expect(hanging).toContainEqual(expect.objectContaining({ what: 'privileges', count: 1 }));
  });

  test('an event trigger, a wrapper and a publication of all tables that the second login owns are refused', async () => {
    const secret = await newSecret(target.server);
    await secret.rotate();
    const second = secondOf(secret);
    await target.server.query(`ALTER ROLE ${second} SUPERUSER`);
    await bySuperuser(
      secret,
      'CREATE FUNCTION fine() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$; CREATE EVENT TRIGGER quiet ON ddl_command_end EXECUTE FUNCTION fine()',
      `ALTER EVENT TRIGGER quiet OWNER TO ${second}`,
      'CREATE FOREIGN DATA WRAPPER wrapped',
      `ALTER FOREIGN DATA WRAPPER wrapped OWNER TO ${second}`,
      'CREATE PUBLICATION everything FOR ALL TABLES',
      `ALTER PUBLICATION everything OWNER TO ${second}`,
    );
    await target.server.query(`ALTER ROLE ${second} NOSUPERUSER`);
    await expectRefusedAlike(secret, 'OwnerNotChangeable', {
      statement: /^ALTER (EVENT TRIGGER|FOREIGN DATA WRAPPER|PUBLICATION) \w+ OWNER TO rdsadmin$/,
    });
  });
});
