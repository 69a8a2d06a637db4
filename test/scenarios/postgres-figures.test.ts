import { findLeaks } from '../../local/leaks/find-leaks.ts';
import type { RdsService } from '../../local/services/rds/service.ts';
import { Laptop } from './lab/laptop.ts';

let laptop: Laptop;
/** Where the server's log stood when the login had been made; before that, a deployment tries it in vain. */
let begin = 0;
const SECRET = 'lab/alternating';
const WRITES = ['PutSecretValue', 'UpdateSecretVersionStage', 'UpdateSecret'];

beforeAll(async () => {
  laptop = await Laptop.start();
  await laptop.createLogin(SECRET);
  await laptop.logEveryStatement();
  begin = databaseLog().length;
}, 120_000);
afterAll(() => laptop?.close());

function databaseLog(): string {
  return laptop.cloud.service<RdsService>('rds').postgres('lab').log();
}

async function rotateToTheEnd(secretId: string): Promise<{ versionId: string }> {
  const rotation = await laptop.executions.rotate(secretId);
  expect(rotation).toMatchObject({ status: 'SUCCEEDED' });
  const { versionId } = JSON.parse(rotation.output ?? '');
  await laptop.executions.ofVersion('retire-credential', versionId);
  return { versionId };
}

function calls(secretName: string, afterSequence: number) {
  return laptop.cloud.recorder.calls({ service: 'secretsmanager', resource: `:secret:${secretName}-`, afterSequence });
}

test('one rotation makes exactly three writes to Secrets Manager: put, promote, close', async () => {
  await rotateToTheEnd(SECRET);
  const { sequence } = laptop.cloud.recorder.calls({}).at(-1) as { sequence: number };
  await rotateToTheEnd(SECRET);
  const writes = calls(SECRET, sequence).filter(({ operation }) => WRITES.includes(operation));
  expect(writes.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
    'PutSecretValue ok',
    'UpdateSecretVersionStage ok',
    'UpdateSecretVersionStage ok',
  ]);
});

test('the rotation function, warm, makes at most ten calls to Secrets Manager in its four steps', async () => {
  const { sequence } = laptop.cloud.recorder.calls({}).at(-1) as { sequence: number };
  const rotation = await laptop.executions.rotate(SECRET);
  const { versionId } = JSON.parse(rotation.output ?? '');
  const promoted = calls(SECRET, sequence).findIndex(({ operation }) => operation === 'UpdateSecretVersionStage');
  const steps = laptop.cloud.recorder
    .calls({ service: 'secretsmanager', principal: 'Rotatepostgres', afterSequence: sequence })
    .slice(0, 1_000);
  const last = steps.findIndex(({ operation }) => operation === 'UpdateSecretVersionStage');
  const operations = steps.slice(0, last + 1).map(({ operation }) => operation);
  console.log(`calls of the rotation function in one rotation: ${operations.length} (${operations.join(', ')})`);
  expect(promoted).toBeGreaterThan(0);
  expect(operations.length).toBeGreaterThan(4);
  expect(operations.length).toBeLessThanOrEqual(10);
  await laptop.executions.ofVersion('retire-credential', versionId);
});

test('the database’s log holds no failed login and no password, with every statement logged', async () => {
  const log = databaseLog().slice(begin);
  expect(log).toContain('statement: ');
  // Other logins of the lab are not there, and the audit finds that by trying.
  expect(log).not.toMatch(/password authentication failed for user "app(_clone)?"|no password supplied/);
});

test('no value is in any log, history, notice, table, variable or parameter', async () => {
  expect(await findLeaks(laptop.cloud)).toEqual([]);
});

test('the search for values would find one', async () => {
  const { password } = await laptop.value(SECRET);
  const found = await findLeaks(laptop.cloud, { departures: [{ place: 'a line of a log', text: `as ${password}` }] });
  expect(found).toEqual([{ place: 'a line of a log', form: 0 }]);
});
