import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { newSecret, quote } from '../fixture.ts';
import { majorsHere } from '../other-servers.ts';
import { ask, blockingCodes, bySuperuser, expectRefusedAlike, plan, type Secret, secondOf, useServer } from './pair.ts';

const retirement = (secret: Secret) => ({
  current: secret.state.current,
  previous: secret.state.previous!,
  promotedAt: new Date(),
});

describe.each(majorsHere(15, 18))('what would break in silence, on PostgreSQL %i', (major) => {
  const target = useServer(major);

  test('two secrets hold the same login: the second is refused, by plan, set, audit and repair, and the first works on', async () => {
    const one = await newSecret(target.server);
    const two = { ...(await newSecret(target.server)), database: one.database, username: one.username };
    two.state.current = { ...two.state.current, payload: { ...one.state.current.payload } };
    expect(await blockingCodes(two)).toEqual([]);
    await one.rotate();
    const working = one.state.current.payload;
    const found = (await plan(two)).find(({ code }) => code === 'LoginShared');
    expect(found).toMatchObject({ blocks: true, text: expect.stringContaining(one.rotation('').secretArn) });
    await expect(two.rotate()).rejects.toMatchObject({
      code: 'UnsafeRotation',
      message: expect.stringContaining(found!.text),
    });
    const step = two.rotation(randomUUID());
    await expect(two.rotator.repair!(step, { current: two.state.current }, 'CurrentRefused')).rejects.toMatchObject({
      code: 'UnsafeRotation',
    });
    const audit = await two.rotator.verify!(step, { current: two.state.current });
    expect(audit.findings).toContainEqual({
      code: 'LoginShared',
      message: found!.text,
      person: `${found!.statement};`,
    });
    expect(await ask(one, 'SELECT 1 AS one', working)).toEqual([{ one: 1 }]);
    // The first goes on, and the second may have the logins when a person says so.
    await one.rotate();
    two.state.current = { ...two.state.current, payload: { ...one.state.current.payload } };
    await target.server.query(found!.statement!);
    expect(await blockingCodes(two)).toEqual([]);
    await two.rotate();
  });

  test('a subscription of the login: refused, and one that was made since is evidence', async () => {
    const secret = await newSecret(target.server);
    const name = `sub_${secret.id}`;
    await bySuperuser(
      secret,
      `CREATE SUBSCRIPTION ${name} CONNECTION 'dbname=none password=none' PUBLICATION p WITH (connect = false)`,
      `UPDATE pg_subscription SET subowner = '${secret.username}'::regrole WHERE subname = '${name}'`,
      `UPDATE pg_shdepend SET refobjid = '${secret.username}'::regrole WHERE classid = 'pg_subscription'::regclass AND objid = (SELECT oid FROM pg_subscription WHERE subname = '${name}')`,
    );
    await expectRefusedAlike(secret, 'SubscriptionRunsAsLogin', { statement: /ALTER SUBSCRIPTION .* OWNER TO/ });
    await bySuperuser(
      secret,
      `UPDATE pg_subscription SET subowner = '${secret.state.previous!.payload.username}'::regrole WHERE subname = '${name}'`,
    );
    const evidence = await secret.rotator.gatherEvidence(secret.rotation(randomUUID()), retirement(secret));
    expect(evidence.blockers).toEqual([
      { name: `subscription ${name}, which the server runs as ${secret.state.previous!.payload.username}` },
    ]);
    await bySuperuser(secret, `ALTER SUBSCRIPTION ${name} SET (slot_name = NONE)`, `DROP SUBSCRIPTION ${name}`);
  });

  test('a WAL sender of the login counts, by its name', async () => {
    const secret = await newSecret(target.server);
    if (major === 15) await target.server.query(`ALTER ROLE ${quote(secret.username)} NOREPLICATION`);
    const first = secret.state.current.payload;
    const step = await secret.rotate();
    await target.server.query(`ALTER ROLE ${quote(secret.username)} REPLICATION`);
    const client = new pg.Client({
      host: target.server.host,
      port: target.server.port,
      user: first.username,
      password: first.password,
      database: secret.database,
      ssl: { ca: target.server.caPem },
      application_name: 'standby',
      ...({ replication: 'database' } as object),
    });
    await client.connect();
    try {
      const { blockers } = await secret.rotator.gatherEvidence(step, retirement(secret));
      expect(blockers).toEqual([{ name: 'standby (walsender)', address: '127.0.0.1', since: expect.any(Date) }]);
    } finally {
      await client.end();
    }
  });

  test('REPLICATION: carried to the second login, or refused', async () => {
    const secret = await newSecret(target.server);
    const of = async (role: string) =>
      (await target.server.query('SELECT rolreplication FROM pg_roles WHERE rolname = $1', [role])).rows[0]
        ?.rolreplication;
    await target.server.query(`ALTER ROLE ${quote(secret.username)} REPLICATION`);
    if (major === 15) {
      await expectRefusedAlike(secret, 'AttributeNotGivable', { statement: /^ALTER ROLE \S+ NOREPLICATION$/ });
      return;
    }
    await expectRefusedAlike(secret, 'AttributeNotGivable', {
      statement: /^CREATE ROLE \S+_clone NOLOGIN REPLICATION; GRANT/,
    });
    expect(await of(`${secret.username}_clone`)).toBe(true);
    const other = await newSecret(target.server);
    await target.server.query(`ALTER ROLE ${quote(other.username)} REPLICATION; ALTER ROLE postgres_admin REPLICATION`);
    try {
      await other.rotate();
      expect(await of(`${other.username}_clone`)).toBe(true);
      await target.server.query(`ALTER ROLE ${quote(other.username)} NOREPLICATION`);
      await other.rotate();
      expect(await of(`${other.username}_clone`)).toBe(false);
    } finally {
      await target.server.query('ALTER ROLE postgres_admin NOREPLICATION');
    }
  });

  test('with an owner role, BYPASSRLS and CREATEDB are kept for both logins', async () => {
    const owner = `owner_${randomUUID().slice(0, 8)}`;
    const secret = await newSecret(target.server, { settings: { ownerRole: owner } });
    await secret.administer(`CREATE ROLE ${owner}`);
    await target.server.query(`ALTER ROLE ${quote(secret.username)} BYPASSRLS CREATEDB`);
    await bySuperuser(
      secret,
      'CREATE TABLE held (id int); ALTER TABLE held OWNER TO postgres_admin; ALTER TABLE held ENABLE ROW LEVEL SECURITY; INSERT INTO held VALUES (1)',
      `GRANT SELECT ON held TO ${quote(secret.username)}`,
    );
    const works = async () => {
      expect(await ask(secret, 'SELECT id FROM held')).toEqual([{ id: 1 }]);
      const name = `made_${randomUUID().slice(0, 8)}`;
      await ask(secret, `CREATE DATABASE ${name}`);
      await target.server.query(`DROP DATABASE ${name}`);
    };
    await works();
    await expectRefusedAlike(secret, 'AttributeNotGivable', { statement: /BYPASSRLS/ });
    await works();
    for (let round = 0; round < 2; round += 1) {
      await secret.rotate();
      await works();
    }
  });

  test('default privileges in both directions', async () => {
    const owner = `owner_${randomUUID().slice(0, 8)}`;
    const [migrator, reader] = [`migrator_${owner}`, `reader_${owner}`];
    const secret = await newSecret(target.server, { settings: { ownerRole: owner } });
    await secret.administer(`CREATE ROLE ${owner}`);
    await target.server.query(`CREATE ROLE ${migrator}; CREATE ROLE ${reader}`);
    await bySuperuser(
      secret,
      `GRANT CREATE, USAGE ON SCHEMA public TO ${migrator}, ${reader}, ${owner}`,
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${quote(secret.username)} GRANT SELECT ON TABLES TO ${reader}`,
    );
    await secret.rotate();
    await ask(secret, 'CREATE TABLE by_app (id int)');
    await bySuperuser(secret, `SET ROLE ${reader}; SELECT * FROM by_app`);
    await bySuperuser(
      secret,
      `ALTER DEFAULT PRIVILEGES FOR ROLE ${migrator} GRANT SELECT ON TABLES TO ${secondOf(secret)}`,
    );
    if (major === 15) await secret.rotate();
    else {
      await expectRefusedAlike(secret, 'GrantNotGivable', {
        statement: new RegExp(`^ALTER DEFAULT PRIVILEGES FOR ROLE ${migrator} GRANT SELECT ON TABLES TO ${owner}$`),
      });
    }
    await bySuperuser(secret, `SET ROLE ${migrator}; CREATE TABLE by_migrator (id int)`);
    for (let round = 0; round < 2; round += 1) {
      expect(await ask(secret, 'SELECT * FROM by_migrator')).toEqual([]);
      await secret.rotate();
    }
  });

  test('row policies that name a login, or compare with session_user or current_user', async () => {
    const owner = `owner_${randomUUID().slice(0, 8)}`;
    const secret = await newSecret(target.server, { settings: { ownerRole: owner } });
    await secret.administer(`CREATE ROLE ${owner}`);
    const app = quote(secret.username);
    const table = (name: string, policy: string) =>
      `CREATE TABLE ${name} (id int, who name DEFAULT '${secret.username}'); INSERT INTO ${name} VALUES (1); ALTER TABLE ${name} OWNER TO postgres_admin; ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;
       GRANT SELECT ON ${name} TO ${app}; CREATE POLICY p ON ${name} ${policy}`;
    await bySuperuser(
      secret,
      table('by_name', `TO ${app} USING (id > 0)`),
      table('by_session', 'USING (who = session_user)'),
      table('by_current', 'USING (who = current_user)'),
    );
    const rows = async () => {
      for (const name of ['by_name', 'by_session', 'by_current'])
        expect(await ask(secret, `SELECT id FROM ${name}`)).toEqual([{ id: 1 }]);
    };
    await rows();
    const found = (await plan(secret)).filter(({ blocks }) => blocks);
    expect(found.map(({ code }) => code).sort()).toEqual([
      'PolicyComparesLogin',
      'PolicyComparesLogin',
      'PolicyNamesLogin',
    ]);
    const named = found.find(({ code }) => code === 'PolicyNamesLogin')!;
    await bySuperuser(secret, named.statement!);
    await expectRefusedAlike(secret, 'PolicyComparesLogin', { statement: /^ALTER POLICY p ON \S+ USING/ });
    for (let round = 0; round < 2; round += 1) {
      await rows();
      await secret.rotate();
    }
    await rows();
  });

  test('user mappings of a login, and grants on parameters', async () => {
    const owner = `owner_${randomUUID().slice(0, 8)}`;
    const secret = await newSecret(target.server, { settings: { ownerRole: owner } });
    await secret.administer(`CREATE ROLE ${owner}`);
    await bySuperuser(
      secret,
      'CREATE FOREIGN DATA WRAPPER nothing',
      'CREATE SERVER beyond FOREIGN DATA WRAPPER nothing',
      `CREATE USER MAPPING FOR ${quote(secret.username)} SERVER beyond OPTIONS (user 'them')`,
    );
    await expectRefusedAlike(secret, 'UserMappingApart', {
      statement: new RegExp(`^CREATE USER MAPPING FOR ${owner} SERVER beyond OPTIONS`),
      fix: (statement) => statement.replace('OPTIONS (…)', "OPTIONS (user 'them')"),
    });
    await target.server.query(`GRANT SET ON PARAMETER log_min_duration_statement TO ${secondOf(secret)}`);
    await expectRefusedAlike(secret, 'GrantNotGivable', {
      statement: new RegExp(`^GRANT SET ON PARAMETER log_min_duration_statement TO ${owner}$`),
    });
    for (let round = 0; round < 2; round += 1) {
      await ask(secret, 'SET log_min_duration_statement = 250');
      await secret.rotate();
    }
  });

  test('a login whose end has passed, or comes within a day', async () => {
    const secret = await newSecret(target.server);
    const name = quote(secret.username);
    await target.server.query(`ALTER ROLE ${name} VALID UNTIL '2020-01-01'`);
    const [past] = await plan(secret);
    expect(past).toMatchObject({
      code: 'TargetRefused',
      blocks: true,
      text: expect.stringMatching(/valid until 2020-01-01.* Run: ALTER ROLE \S+ VALID UNTIL 'infinity';/),
    });
    await expect(secret.rotate()).rejects.toMatchObject({
      message: expect.stringContaining("VALID UNTIL 'infinity';"),
    });
    await target.server.query(`ALTER ROLE ${name} VALID UNTIL '${new Date(Date.now() + 60_000).toISOString()}'`);
    await expectRefusedAlike(secret, 'LoginEnded', { statement: /VALID UNTIL 'infinity'/ });
    await target.server.query(`ALTER ROLE ${secondOf(secret)} VALID UNTIL '2100-01-01'`);
    expect(await plan(secret)).toMatchObject([{ code: 'LoginEnds', blocks: false }]);
  });

  if (major === 15) {
    test('pg_cron jobs of the login: refused, they move to a login of their own and run on after the retirement', async () => {
      const secret = await newSecret(target.server);
      const app = quote(secret.username);
      await target.server.query(`CREATE EXTENSION IF NOT EXISTS pg_cron; GRANT USAGE ON SCHEMA cron TO ${app}`);
      const inPostgres = async (statement: string) => {
        const { address, login } = {
          address: { host: target.server.host, port: target.server.port, database: 'postgres', tls: true },
          login: secret.state.current.payload,
        };
        const { connectWith } = await import('../../../../../pipeline/rotators/postgres/connect.ts');
        const session = await connectWith(target.server.caPem)(address, login);
        try {
          return await session.query(statement);
        } finally {
          await session.end();
        }
      };
      await inPostgres("SELECT cron.schedule('* * * * *', 'SELECT 1')");
      await expectRefusedAlike(secret, 'JobsRunAsLogin', {
        statement: /UPDATE cron\.job SET username = '\S+_jobs'/,
        database: 'postgres',
      });
      await target.server.query(`UPDATE cron.job SET username = '${secret.username}'`);
      const { blockers } = await secret.rotator.gatherEvidence(secret.rotation(randomUUID()), retirement(secret));
      expect(blockers).toEqual([
        { name: expect.stringMatching(/^job \d+ \(\* \* \* \* \*\), which the server runs as/) },
      ]);
      await target.server.query('TRUNCATE cron.job');
    });
  }
});
