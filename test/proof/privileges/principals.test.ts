import { randomUUID } from 'node:crypto';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { eventually } from '../../eventually.ts';
import { Laptop } from '../../scenarios/lab/laptop.ts';

/** What each principal of docs/threat-model.md can do on its own, tried with its own policies. */
let laptop: Laptop;
const SECRET = 'lab/single';
beforeAll(async () => {
  laptop = await Laptop.start();
  await laptop.createLogin(SECRET);
}, 180_000);
afterAll(() => laptop?.close());

const refused = expect.stringMatching(/^(AccessDenied|AuthorizationError)/);
const denied = expect.stringMatching(/^AccessDenied.*explicit deny in a resource-based policy/);

/** One call with the policies of a role; `done` where it was let through, whatever came of it. */
async function attempt(role: string, service: string, operation: string, input: object): Promise<string> {
  const { principal } = laptop.cloud.assumeRole(role, 'a-session');
  return laptop.cloud.call({ service, operation, input, principal }).then(
    () => 'done',
    (error) => (/AccessDenied|AuthorizationError/.test(error.code) ? `${error.code}: ${error.message}` : 'done'),
  );
}

const invoke = (role: string, construct: string, payload: object) =>
  attempt(role, 'lambda', 'Invoke', {
    FunctionName: laptop.functionArn(construct),
    Payload: Buffer.from(JSON.stringify(payload)),
  });

/** What a caller needs to change something of a secret, or to have it changed. */
async function writesOf(role: string): Promise<Record<string, string>> {
  const { AWSCURRENT: versionId, AWSPREVIOUS: previousVersionId = versionId } = await laptop.labels(SECRET);
  const secretArn = await laptop.secretArn(SECRET);
  const versions = { secretArn, versionId, previousVersionId, promotedAt: new Date().toISOString() };
  const stage = { SecretId: secretArn, VersionStage: 'KEYTURN_FAILED', MoveToVersionId: versionId };
  return {
    retire: await invoke(role, 'Rotate-postgres', { operation: 'Retire', ...versions }),
    rollBack: await invoke(role, 'Rotate-postgres', { operation: 'RollBack', ...versions }),
    repair: await invoke(role, 'Rotate-postgres', { operation: 'Repair', ...versions, code: 'CurrentRefused' }),
    mirror: await invoke(role, 'MirrorSecret', {}),
    put: await attempt(role, 'secretsmanager', 'PutSecretValue', { SecretId: secretArn, SecretString: 'x' }),
    label: await attempt(role, 'secretsmanager', 'UpdateSecretVersionStage', stage),
    start: await attempt(role, 'states', 'StartExecution', {
      stateMachineArn: laptop.executions.arn('rotate-secret'),
      name: randomUUID(),
      input: '{}',
    }),
  };
}

const nothing = {
  ...{ retire: refused, rollBack: refused, repair: refused, mirror: refused },
  ...{ put: refused, label: refused, start: refused },
};

describe('a role that holds nothing but events:PutEvents', () => {
  const request = { secretId: SECRET, emergency: true, force: true };

  test('requests nothing and publishes nothing on the pipeline’s bus; on the default bus nothing of the pipeline listens', async () => {
    const before = await laptop.labels(SECRET);
    const executions = (await laptop.executions.list('rotate-secret')).length;
    const story = await laptop.history(SECRET);
    expect(await laptop.putAs('lab-stranger', request)).toEqual(denied);
    const forged = { schemaVersion: 1, id: 'forged', secretArn: await laptop.secretArn(SECRET), secretName: SECRET };
    const failed = { ...forged, step: 'setSecret', code: 'Forged', message: 'forged', retryable: false };
    expect(await laptop.putAs('lab-stranger', failed, { DetailType: 'Rotation Step Failed' })).toEqual(denied);
    expect(await laptop.putAs('lab-stranger', request, { bus: 'default' })).toBe('put');
    expect(await laptop.putAs('lab-stranger', failed, { DetailType: 'Rotation Step Failed', bus: 'default' })).toBe(
      'put',
    );
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(await laptop.labels(SECRET)).toEqual(before);
    expect(await laptop.executions.list('rotate-secret')).toHaveLength(executions);
    expect(await laptop.history(SECRET)).toEqual(story);
  });

  test('and changes nothing else', async () => {
    expect(await writesOf(laptop.roleArn('lab-stranger'))).toEqual(nothing);
  });
});

describe('a requester', () => {
  test('has a secret rotated, and no emergency, no force and no early retirement', async () => {
    const { AWSCURRENT: before } = await laptop.labels(SECRET);
    expect(await laptop.putAs('lab-requester', { secretId: SECRET, emergency: true })).toBe('put');
    const refusal = await eventually('an execution that is refused', async () => {
      for (const { executionArn, status } of await laptop.executions.list('rotate-secret')) {
        if (status !== 'FAILED') continue;
        const ended = await laptop.executions.end(executionArn as string);
        if (ended.error === 'RequestNotAllowed') return ended;
      }
      return undefined;
    });
    expect(refusal).toMatchObject({ error: 'RequestNotAllowed', cause: expect.stringContaining('emergency') });
    expect((await laptop.labels(SECRET)).AWSCURRENT).toBe(before);

    expect(await laptop.putAs('lab-requester', { secretId: SECRET })).toBe('put');
    await eventually('the rotation that was requested', async () =>
      (await laptop.labels(SECRET)).AWSCURRENT === before ? undefined : true,
    );
    await laptop.rest(SECRET);
  });

  test('publishes no story, and changes nothing by itself', async () => {
    const story = { schemaVersion: 1, id: 'x', secretArn: 'a', secretName: SECRET };
    expect(await laptop.putAs('lab-requester', story, { DetailType: 'Secret Promoted' })).toEqual(denied);
    expect(await writesOf(laptop.roleArn('lab-requester'))).toEqual(nothing);
  });
});

test('the audit may ask whether credentials work, and invoke nothing that writes', async () => {
  const audit = laptop.roleArn('Audit');
  expect(await writesOf(audit)).toEqual(nothing);
  const { AWSCURRENT: versionId } = await laptop.labels(SECRET);
  const request = { operation: 'Verify', secretArn: await laptop.secretArn(SECRET), versionId };
  expect(await invoke(audit, 'Verify-postgres', request)).toBe('done');
  expect(await laptop.putAs('Audit', {}, { DetailType: 'Drift Found' })).toBe('put');
});

test.each([
  'Retire',
  'RollBack',
  'Abandon',
  'Repair',
  'GatherEvidence',
])('the verification function refuses %s by name, and its role writes nothing', async (operation) => {
  const payload = JSON.stringify({
    ...{ operation, secretArn: await laptop.secretArn(SECRET), versionId: 'x', previousVersionId: 'y' },
    ...{ promotedAt: new Date().toISOString(), code: 'CurrentRefused' },
  });
  const FunctionName = laptop.functionArn('Verify-postgres');
  const answer = await laptop.lambda.send(new InvokeCommand({ FunctionName, Payload: Buffer.from(payload) }));
  expect(JSON.parse(Buffer.from(answer.Payload ?? []).toString('utf8'))).toMatchObject({
    errorType: 'InputInvalid',
    errorMessage: expect.stringContaining('Verify'),
  });
  expect(await writesOf(laptop.roleArn('Verify-postgres'))).toEqual(nothing);
});

test.each([
  ['the dashboard’s widget', 'Widget', nothing],
  ['the dashboard’s buttons: they start rotate-secret', 'PressButton', { ...nothing, start: 'done' }],
  ['Report', 'Report', nothing],
  ['Prepare', 'Prepare', nothing],
  ['SelectSecrets', 'SelectSecrets', nothing],
  ['the projection of the history', 'ProjectHistory', nothing],
  ['notices', 'NotifyPerson', nothing],
  ['the comparison of mirrors', 'CompareMirror', nothing],
])('%s', async (_name, role, expected) => {
  expect(await writesOf(laptop.roleArn(role))).toEqual(expected);
});
