import { databaseAddress, PostgresPayload } from '../../../../pipeline/contracts/payloads/postgres.ts';
import { parsePayload } from '../../../../pipeline/rotators/parse-payload.ts';

const valid = { engine: 'postgres', host: 'db.example', username: 'app', password: 'hush-hush' };
const parse = (payload: object) => parsePayload('arn:secret', PostgresPayload, JSON.stringify(payload));

test('what AWS’s secret holds is kept as it was written, unknown fields and a port as text included', () => {
  const payload = { ...valid, port: '5433', dbname: 'shop', dbInstanceIdentifier: 'db', team: { name: 'blue' } };
  expect(parse(payload)).toEqual(payload);
});

test('port 5432, database postgres and TLS where nothing is said', () => {
  expect(databaseAddress(parse(valid))).toEqual({ host: 'db.example', port: 5432, database: 'postgres', tls: true });
});

test.each([
  [true, true],
  ['true', true],
  [false, false],
  ['False', false],
])('ssl %p means TLS %p', (ssl, tls) => {
  expect(databaseAddress(parse({ ...valid, ssl })).tls).toBe(tls);
});

test.each([
  ['engine', 'mysql'],
  ['host', undefined],
  ['username', ''],
  ['password', 12],
  ['port', '70000'],
  ['ssl', 'perhaps'],
  ['masterarn', 'superuser'],
])('%s %p is refused with secret and field, without the password', (field, value) => {
  const refused = () => parse({ ...valid, [field]: value });
  expect(refused).toThrow(expect.objectContaining({ code: 'PayloadInvalid' }));
  expect(refused).toThrow(new RegExp(`^arn:secret: .*${field}`));
  expect(refused).not.toThrow(/hush-hush/);
});
