import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { audit } from '../../pipeline/audit/audit.ts';
import { Laptop } from './lab/laptop.ts';

let laptop: Laptop;
const SECRET = 'lab/alternating';

beforeAll(async () => {
  // Events of AWS's services are best effort: here every one of them is lost.
  laptop = await Laptop.start({ eventsLostRate: 1 });
  await laptop.createLogin(SECRET);
}, 120_000);
afterAll(() => laptop?.close());

/** The audit, looking a quarter of an hour later: until then a value may be on its way. */
async function findings() {
  const later = () => new Date(Date.now() + 16 * 60_000);
  return (await audit(laptop.auditor(later), SECRET)).findings;
}

test('a rotation does not depend on the events that are lost', async () => {
  expect(await laptop.executions.rotate(SECRET)).toMatchObject({ status: 'SUCCEEDED' });
  await laptop.rest(SECRET);
  expect((await findings()).map(({ code }) => code)).toEqual([]);
});

test('the audit finds the value whose event was lost, and names the command that mends it', async () => {
  const value = await laptop.value(SECRET);
  await laptop.secrets.send(
    new PutSecretValueCommand({ SecretId: SECRET, SecretString: JSON.stringify({ ...value, note: 'by hand' }) }),
  );
  const found = await findings();
  expect(found.map(({ code }) => code)).toEqual(['ValueUnpropagated']);
  expect(found[0]?.command).toMatch(/keyturn doctor/);
});

test('what the audit asks for ends the finding', async () => {
  const { AWSCURRENT: versionId } = await laptop.labels(SECRET);
  const adopted = await laptop.executions.run('rotate-secret', { secretId: SECRET, startedBy: 'hand', versionId });
  expect(adopted).toMatchObject({ status: 'SUCCEEDED' });
  await laptop.historyTells(SECRET, 'Rotation Succeeded', versionId as string);
  expect((await findings()).map(({ code }) => code)).toEqual([]);
});
