import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  RestoreSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { Laptop, type Value } from './lab/laptop.ts';

let laptop: Laptop;
const SECRET = 'lab/alternating';
let works: Value;

beforeAll(async () => {
  laptop = await Laptop.start();
  works = await laptop.createLogin(SECRET);
}, 120_000);
afterAll(() => laptop?.close());

/** The statements that changed a role, as the endpoint of the database saw them. */
function changes(): string[] {
  return laptop
    .database()
    .relay.statements.map(({ text }) => text)
    .filter((text) => /^\s*(CREATE|ALTER|DROP)\s+ROLE|^\s*(GRANT|REVOKE)|UPDATE pg_authid/i.test(text));
}

async function expectRefusedUntouched(secretId: string, error: string, cause: RegExp): Promise<void> {
  const [before, changed] = [await laptop.labels(SECRET), changes().length];
  const execution = await laptop.executions.rotate(secretId);
  expect(execution).toMatchObject({ status: 'FAILED', error });
  expect(execution.cause).toMatch(cause);
  const { AWSCURRENT, ...labels } = await laptop.labels(SECRET);
  expect(AWSCURRENT).toBe(before.AWSCURRENT);
  expect(labels).not.toHaveProperty('AWSPENDING');
  expect(changes().length).toBe(changed);
}

test('an unknown secret', async () => {
  const execution = await laptop.executions.rotate('lab/nobody');
  expect(execution).toMatchObject({ status: 'FAILED' });
  expect(execution.cause).toMatch(/lab\/nobody/);
});

test('a secret that the pipeline does not manage', async () => {
  await laptop.secrets.send(new CreateSecretCommand({ Name: 'lab/stranger', SecretString: '{}' }));
  const execution = await laptop.executions.rotate('lab/stranger');
  expect(execution).toMatchObject({ status: 'FAILED' });
  expect(execution.cause).toMatch(/lab\/stranger/);
});

test.each([
  ['the wrong engine', { engine: 'mysql' }, /lab\/alternating: .*engine: expected/],
  ['a missing field', { username: undefined }, /lab\/alternating: .*username: expected/],
  ['a host that is not the superuser’s', { host: '127.0.0.99' }, /lab\/alternating: .*host/],
  ['a user name that PostgreSQL would cut off', { username: 'u'.repeat(60) }, /lab\/alternating: .*username.*63/],
])('%s is refused, and nothing is changed', async (_, wrong, cause) => {
  await laptop.secrets.send(
    new PutSecretValueCommand({ SecretId: SECRET, SecretString: JSON.stringify({ ...works, ...wrong }) }),
  );
  const execution = await laptop.executions.ofVersion(
    'rotate-secret',
    (await laptop.labels(SECRET)).AWSCURRENT as string,
  );
  expect(execution.status).toBe('SUCCEEDED');
  const refused = cause.source.includes('63') || cause.source.includes('host') ? 'UnsafeRotation' : 'PayloadInvalid';
  await expectRefusedUntouched(SECRET, refused, cause);
});

test('a deleted secret', async () => {
  await laptop.secrets.send(new DeleteSecretCommand({ SecretId: SECRET, RecoveryWindowInDays: 7 }));
  const execution = await laptop.executions.rotate(SECRET);
  expect(execution).toMatchObject({ status: 'FAILED', error: 'SecretUnusable' });
  expect(execution.cause).toMatch(/lab\/alternating is scheduled for deletion/);
  await laptop.secrets.send(new RestoreSecretCommand({ SecretId: SECRET }));
});

test.each([
  ['{"secretId": 5}', { secretId: 5 }, /secretId/],
  ['nothing', {}, /secretId/],
  ['an unknown operation', { secretId: SECRET, operation: 'destroy' }, /operation/],
  ['an emergency that is no boolean', { secretId: SECRET, emergency: 'yes' }, /emergency/],
])('execution input: %s', async (_, input, cause) => {
  const execution = await laptop.executions.run('rotate-secret', input);
  expect(execution).toMatchObject({ status: 'FAILED', error: 'InputInvalid' });
  expect(execution.cause).toMatch(cause);
});

test('a previous login that the administrator may not administer is refused with the GRANT to run', async () => {
  await laptop.secrets.send(new PutSecretValueCommand({ SecretId: SECRET, SecretString: JSON.stringify(works) }));
  // Made by somebody else: from PostgreSQL 16 on the administrator has no ADMIN on it.
  await laptop.asOwnerOfTheMachine("CREATE ROLE app_clone LOGIN PASSWORD 'x'");
  const execution = await laptop.executions.rotate(SECRET);
  expect(execution).toMatchObject({ status: 'FAILED' });
  expect(execution.cause).toMatch(/GRANT .*app_clone.* TO .*lab_admin.* WITH ADMIN/i);
  expect(await laptop.query(works, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});
