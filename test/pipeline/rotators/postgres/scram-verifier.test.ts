import { randomBytes } from 'node:crypto';
import type { PostgresServer } from '../../../../packages/laptop/postgres/server.ts';
import { computeScramVerifier } from '../../../../pipeline/rotators/postgres/scram-verifier.ts';
import { startTarget } from './fixture.ts';

let server: PostgresServer;
let stop: () => Promise<void>;
beforeAll(async () => {
  ({ server, stop } = await startTarget({}));
  await server.query('CREATE ROLE scram LOGIN');
});
afterAll(() => stop());

test('RFC 7677’s example', async () => {
  const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
  const verifier = await computeScramVerifier('pencil', () => salt);
  expect(verifier).toBe(
    'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
  );
});

test.each([
  ['ASCII', 'correct horse'],
  ['ASCII control characters', 'a\tb\u007f'],
  ['compatibility characters', '\u2168 \ufb01 \u212b'],
  ['what is mapped to nothing', 'I\u00adX'],
  ['spaces that are not ASCII', 'a\u00a0b\u3000c'],
  ['nothing left', '\u00ad'],
  ['prohibited', 'ü\u0007'],
  ['private use', 'ü\ue000\u2168'],
  ['unassigned in Unicode 3.2', '\u{1f600}\u2168'],
  ['bidirectional, allowed', '\u0627 1 \u0628'],
  ['bidirectional, prohibited', '\u0627\u2168'],
])('the server computes the same of %s', async (_what, password) => {
  const literal = `'${password.replaceAll("'", "''")}'`;
  await server.query(`ALTER ROLE scram PASSWORD ${literal}`);
  const { rows } = await server.query("SELECT rolpassword FROM pg_authid WHERE rolname = 'scram'");
  const salt = Buffer.from(/:([^$]+)\$/.exec(rows[0].rolpassword)![1]!, 'base64');
  expect(await computeScramVerifier(password, () => salt)).toBe(rows[0].rolpassword);
});

test('two verifiers of one password differ', async () => {
  expect(await computeScramVerifier('same', randomBytes)).not.toBe(await computeScramVerifier('same', randomBytes));
});
