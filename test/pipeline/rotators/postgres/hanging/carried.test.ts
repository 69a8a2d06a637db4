import { createHash } from 'node:crypto';
import { newSecret, quote, SUPERUSER_ARN } from '../fixture.ts';
import { majorsHere } from '../other-servers.ts';
import { ask, blockingCodes, bySuperuser, expectRefusedAlike, plan, type Secret, secondOf, useServer } from './pair.ts';

async function rotateAndAsk(secret: Secret, statement: string): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    expect(await blockingCodes(secret)).toEqual([]);
    await secret.rotate();
    await ask(secret, statement);
  }
}

describe.each(majorsHere(15, 18))('what would block a rotation, on PostgreSQL %i', (major) => {
  const target = useServer(major);

  test('a grant that need not be given: the owner role has it through PUBLIC, a group, or as the database owner', async () => {
    const secret = await newSecret(target.server);
    await secret.rotate();
    const [app, group] = [quote(secret.username), `group_${secret.id}`];
    await bySuperuser(
      secret,
      `CREATE ROLE ${group}; GRANT ${group} TO ${app}`,
      `ALTER DATABASE ${secret.database} OWNER TO ${app}`,
      `CREATE TABLE shared (id int); GRANT SELECT ON shared TO PUBLIC, ${secondOf(secret)}`,
      `CREATE TABLE grouped (id int); GRANT SELECT ON grouped TO ${group}, ${secondOf(secret)}`,
      `ALTER SCHEMA public OWNER TO pg_database_owner; GRANT CREATE ON SCHEMA public TO ${secondOf(secret)}`,
    );
    await rotateAndAsk(secret, 'SELECT * FROM shared, grouped');
  });

  test('a grant that the administrator may give by its own grant option, on an object of a stranger', async () => {
    const secret = await newSecret(target.server);
    await secret.rotate();
    await bySuperuser(
      secret,
      `CREATE TABLE theirs (id int); GRANT SELECT ON theirs TO postgres_admin WITH GRANT OPTION; GRANT SELECT ON theirs TO ${secondOf(secret)}`,
    );
    await rotateAndAsk(secret, 'SELECT * FROM theirs');
  });

  test('a grant of a stranger for whom the administrator may not act is refused with the GRANT', async () => {
    const secret = await newSecret(target.server);
    await secret.rotate();
    await bySuperuser(secret, `CREATE TABLE theirs (id int); GRANT SELECT ON theirs TO ${secondOf(secret)}`);
    await expectRefusedAlike(secret, 'GrantNotGivable', {
      statement: /^GRANT SELECT ON TABLE public\.theirs TO app_\w+$/,
    });
    await ask(secret, 'SELECT * FROM theirs');
  });

  test('what the second login created in a schema that only it may create in', async () => {
    const secret = await newSecret(target.server);
    await secret.rotate();
    const { username } = secret.state.current.payload;
    await bySuperuser(
      secret,
      `CREATE SCHEMA jobs; ALTER SCHEMA jobs OWNER TO postgres_admin; GRANT CREATE, USAGE ON SCHEMA jobs TO ${quote(username)}`,
    );
    await ask(
      secret,
      'RESET ROLE; SET ROLE NONE; CREATE FUNCTION jobs.run() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$; CREATE TABLE jobs.held (id int)',
    );
    await ask(secret, 'RESET ROLE; SET ROLE NONE; GRANT SELECT ON jobs.held TO pg_monitor');
    await rotateAndAsk(
      secret,
      'ALTER FUNCTION jobs.run() COST 50; ALTER TABLE jobs.held ADD COLUMN IF NOT EXISTS more int',
    );
  });

  test('and in one where it may not any more', async () => {
    const secret = await newSecret(target.server);
    await secret.rotate();
    const { username } = secret.state.current.payload;
    await bySuperuser(
      secret,
      `CREATE SCHEMA closed; ALTER SCHEMA closed OWNER TO postgres_admin; GRANT USAGE ON SCHEMA closed TO ${quote(secret.username)}; CREATE TABLE closed.held (id int); ALTER TABLE closed.held OWNER TO ${quote(username)}; CREATE FUNCTION closed.run() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION closed.run() OWNER TO ${quote(username)}`,
    );
    await expectRefusedAlike(secret, 'SchemaClosed', { statement: /^GRANT CREATE ON SCHEMA closed TO app_/ });
    await ask(secret, 'ALTER TABLE closed.held ADD COLUMN more int');
  });

  test('an event trigger on DDL, of alternating users and of a single user', async () => {
    for (const settings of [{}, { strategy: 'single-user', superuserSecretArn: undefined }]) {
      const secret = await newSecret(target.server, { settings });
      await bySuperuser(
        secret,
        `CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN IF current_setting('keyturn.test', true) IS NULL THEN RAISE EXCEPTION 'no DDL here'; END IF; END $$`,
        'CREATE EVENT TRIGGER guard ON ddl_command_end EXECUTE FUNCTION refuse()',
      );
      expect((await plan(secret)).map(({ code, blocks }) => [code, blocks])).toEqual(
        settings.strategy ? [] : [['VerifierInLog', false]],
      );
      for (let round = 0; round < 2; round += 1) {
        await secret.rotate();
        await ask(secret, 'SELECT 1');
      }
    }
  });

  test('a role setting that only a superuser may set', async () => {
    const secret = await newSecret(target.server);
    await target.server.query(`ALTER ROLE ${quote(secret.username)} SET log_min_duration_statement = 250`);
    await expectRefusedAlike(secret, 'SettingNotGivable', {
      statement: /^GRANT SET ON PARAMETER log_min_duration_statement TO postgres_admin$/,
    });
    try {
      expect(await ask(secret, 'SHOW log_min_duration_statement')).toEqual([{ log_min_duration_statement: '250ms' }]);
      await rotateAndAsk(secret, 'SELECT 1');
    } finally {
      await target.server.query('REVOKE SET ON PARAMETER log_min_duration_statement FROM postgres_admin');
    }
  });

  test('a table in use: other readers wait for a moment only, and the rotation goes through when it is let go', async () => {
    const secret = await newSecret(target.server);
    await secret.rotate();
    const { username } = secret.state.current.payload;
    await bySuperuser(
      secret,
      `CREATE TABLE busy (id int); GRANT SELECT ON busy TO ${quote(secret.username)}; ALTER TABLE busy OWNER TO ${quote(username)}`,
    );
    const longest = await secret.as(secret.state.current.payload, async (reader) => {
      await reader.query('BEGIN; SELECT * FROM busy');
      const rotation = secret.rotate();
      const until = Date.now() + 2_000;
      let waited = 0;
      await secret.as(secret.state.current.payload, async (other) => {
        while (Date.now() < until) {
          const begun = performance.now();
          await other.query('SELECT * FROM busy');
          waited = Math.max(waited, performance.now() - begun);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      });
      await reader.query('COMMIT');
      await rotation;
      return waited;
    });
    expect(longest).toBeLessThan(1_000);
    await ask(secret, 'ALTER TABLE busy ADD COLUMN more int');
  });

  test('an administrator with a default role', async () => {
    const secret = await newSecret(target.server);
    const other = `other_${secret.id}`;
    await secret.administer(`CREATE ROLE ${other}`);
    await target.server.query(`GRANT ${other} TO postgres_admin; ALTER ROLE postgres_admin SET role TO ${other}`);
    try {
      const first = secret.state.current;
      expect(await plan(secret)).toEqual([]);
      const step = await secret.rotate();
      const versions = { current: secret.state.current, previous: first, promotedAt: new Date() };
      expect((await secret.rotator.gatherEvidence(step, versions)).blockers).toEqual([]);
      expect((await secret.rotator.verify!(step, versions)).findings).toEqual([]);
      await secret.rotator.retire(step, versions);
    } finally {
      await target.server.query('ALTER ROLE postgres_admin RESET role');
    }
  });

  test('a host that is another name of the administrator’s', async () => {
    const secret = await newSecret(target.server);
    secret.state.current = { ...secret.state.current, payload: { ...secret.state.current.payload, host: 'localhost' } };
    await expect(secret.rotate()).rejects.toMatchObject({
      message: expect.stringContaining('"hostAliases": ["localhost"]'),
    });
    const aliased = await newSecret(target.server, {
      settings: { superuserSecretArn: SUPERUSER_ARN, hostAliases: ['localhost'] },
    });
    aliased.state.current = {
      ...aliased.state.current,
      payload: { ...aliased.state.current.payload, host: 'localhost' },
    };
    expect(await plan(aliased)).toEqual([]);
    await aliased.rotate();
    await aliased.rotate();
  });

  test('a password that the server keeps as md5: plan says that SCRAM follows', async () => {
    const secret = await newSecret(target.server);
    const { username, password } = secret.state.current.payload;
    const md5 = `md5${createHash('md5')
      .update(password + username)
      .digest('hex')}`;
    await target.server.query(`ALTER ROLE ${quote(username)} PASSWORD '${md5}'`);
    const hba = (await target.server.query('SHOW hba_file')).rows[0].hba_file;
    await target.server.query(
      `COPY (SELECT 'local all rdsadmin trust' UNION ALL SELECT 'host all all 127.0.0.0/8 md5') TO '${hba}'`,
    );
    await target.server.query('SELECT pg_reload_conf()');
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await plan(secret)).map(({ code, blocks }) => [code, blocks])).toEqual([['PasswordMd5', false]]);
    await secret.rotate();
    expect((await plan(secret)).map(({ code }) => code)).toEqual([]);
  });

  test('a second login that a person has granted to the base: the advice makes no circle', async () => {
    const secret = await newSecret(target.server);
    await secret.administer(`CREATE ROLE ${secondOf(secret)}; GRANT ${secondOf(secret)} TO ${quote(secret.username)}`);
    const [found] = await plan(secret);
    expect(found).toMatchObject({ code: 'SecondLoginForeign', statement: expect.stringMatching(/^REVOKE .*; GRANT /) });
    await expect(secret.rotate()).rejects.toMatchObject({ message: expect.stringContaining(found!.statement!) });
    await secret.administer(found!.statement!);
    expect(await plan(secret)).toEqual([]);
    await secret.rotate();
  });
});
