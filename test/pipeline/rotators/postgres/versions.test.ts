import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';
import { preflightPostgres } from '../../../../pipeline/rotators/postgres/preflight.ts';
import { newSecret, startTarget } from './fixture.ts';
import { majorsHere, programsOf } from './other-servers.ts';

describe.each(majorsHere(13, 14, 15, 16, 17, 18))('PostgreSQL %i', (major) => {
  let server: PostgresServer;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const programs = await programsOf(major);
    ({ server, stop } = await startTarget({ ...(programs && { programs }) }));
  });
  afterAll(() => stop());

  test('three rotations, evidence, retirement, the audit and plan', async () => {
    const secret = await newSecret(server);
    const preflight = async () =>
      (await preflightPostgres(secret.dependencies, secret.rotation('any'), secret.state.current.payload)).findings;
    expect(await preflight()).toEqual([]);
    const { rows } = await server.query('SHOW server_version');
    expect(rows[0].server_version).toMatch(new RegExp(`^${major}\\.`));
    for (let round = 0; round < 3; round += 1) {
      await secret.as(secret.state.current.payload, (session) => session.query(`CREATE TABLE made_${round} (id int)`));
      const step = await secret.rotate();
      const versions = { current: secret.state.current, previous: secret.state.previous!, promotedAt: new Date() };
      const verified = await secret.rotator.verify!(step, versions);
      expect(verified).toMatchObject({ current: { works: true }, previous: { works: true }, findings: [] });
      expect((await secret.rotator.gatherEvidence(step, versions)).blockers).toEqual([]);
      await secret.rotator.retire(step, versions);
      expect(await preflight()).toEqual([]);
      await secret.as(secret.state.current.payload, (session) => session.query(`SELECT * FROM made_${round}`));
    }
  });
});
