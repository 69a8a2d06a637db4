import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'data-folder-test-'));
const kept = join(folder, 'kept');
const started: PostgresServer[] = [];

afterAll(async () => {
  await Promise.all(started.map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(): Promise<PostgresServer> {
  // Before the module is loaded, which reads it then. The environment of a test file is its own.
  process.env.LAPTOP_POSTGRES_DATA = kept;
  const { startPostgres } = await import('../../../../packages/laptop/postgres/server.ts');
  const server = await startPostgres({ directory: folder });
  started.push(server);
  return server;
}

/** What initdb gives each cluster that it makes. */
async function clusterOf(server: PostgresServer): Promise<string> {
  const { rows } = await server.query('SELECT system_identifier::text AS cluster FROM pg_control_system()');
  return rows[0].cluster;
}

test('a folder given by LAPTOP_POSTGRES_DATA keeps what initdb made, once, also when servers start at the same time', async () => {
  const servers = await Promise.all([start(), start()]);
  const [first] = servers;
  expect(readdirSync(kept)).toEqual([first?.version]);
  const clusters = new Set(await Promise.all(servers.map(clusterOf)));
  expect(clusters).toContain(await clusterOf(await start()));
});

test('what one server has written no later one has', async () => {
  const [first] = started;
  await first?.createAdministrator({ user: 'somebody', password: 'a-password' });
  const later = await start();
  const { rows } = await later.query("SELECT rolname FROM pg_roles WHERE rolname = 'somebody'");
  expect(rows).toEqual([]);
});
