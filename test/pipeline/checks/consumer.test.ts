import { randomUUID } from 'node:crypto';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createLambdaService from '../../../packages/laptop/services/lambda/service.ts';
import createLogsService from '../../../packages/laptop/services/logs/service.ts';
import createSecretsManagerService from '../../../packages/laptop/services/secretsmanager/service.ts';
import { consumerCheck } from '../../../pipeline/checks/consumer.ts';
import { runCheck } from '../../../pipeline/checks/run-check.ts';
import { asPerson, clientOf, make, startLaptop } from '../../packages/laptop/services/lambda/laptop.ts';

const functionArn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
let cloud: RunningCloud;
let secretsManager: SecretsManagerClient;
beforeAll(async () => {
  cloud = await startLaptop({
    services: [createLogsService, createLambdaService, createSecretsManagerService] as never,
  });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  secretsManager = new SecretsManagerClient({ region: 'us-east-1', endpoint: cloud.endpointUrl, credentials });
});
afterAll(() => cloud.close());
afterEach(() => cloud.faults.clear());

const failure = (code: string, words: RegExp) => ({ ok: false, code, cause: expect.stringMatching(words) });
const reason = (code: string, words: RegExp) => ({ code, retryable: true, message: expect.stringMatching(words) });

async function check(parameters: Record<string, unknown>, more: { withVersion?: boolean } = {}) {
  const secret = await secretsManager.send(
    new CreateSecretCommand({ Name: `app/${randomUUID()}`, SecretString: 'the-value' }),
  );
  const now = () => new Date();
  const consumer = consumerCheck({ lambda: clientOf(cloud), secretsManager, now });
  const settings = {
    name: 'items',
    type: 'consumer',
    functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:check',
    parameters,
  };
  const versionId = more.withVersion === false ? undefined : secret.VersionId;
  const request = { check: settings, secretArn: secret.ARN, secretName: secret.Name, versionId };
  return runCheck({ consumer }, request, now);
}

/** A consumer that answers as the library does; `body` may change what it says. */
async function newConsumer(body = ''): Promise<string> {
  const name = `c${randomUUID().slice(0, 8)}`;
  await make(
    cloud,
    `exports.handler = async ({ keyturn }) => {
       let canary = { ok: true };
       let held = [{ secretId: keyturn.secretArn, versionId: keyturn.versionId }];
       if (keyturn.operation !== 'canary' || keyturn.schemaVersion !== 1) throw new Error('no canary event');
       ${body}
       return { keyturn: { schemaVersion: 1, environmentId: 'e', held, canary } };
     };`,
    { name },
  );
  return functionArn(name);
}

test('a consumer that works with the version under test; without a version, with what is current', async () => {
  const arn = await newConsumer();
  expect(await check({ functionArn: arn })).toMatchObject({
    ok: true,
    observed: expect.stringMatching(/^c\w+ works in \d+ ms; its environment holds the version$/),
    measured: { holdsVersion: true },
  });
  expect(await check({ functionArn: arn }, { withVersion: false })).toMatchObject({ ok: true });
});

test('under an alias, and one that does not exist', async () => {
  const arn = await newConsumer();
  const FunctionName = arn.split(':').at(-1)!;
  await asPerson(cloud, 'lambda', 'PublishVersion', { FunctionName });
  await asPerson(cloud, 'lambda', 'CreateAlias', { FunctionName, Name: 'live', FunctionVersion: '1' });
  expect(await check({ functionArn: arn, alias: 'live' })).toMatchObject({
    ok: true,
    observed: expect.stringContaining(`${FunctionName}:live works`),
  });
  expect(await check({ functionArn: arn, alias: 'dead' })).toMatchObject(failure('ConsumerMissing', /dead/));
});

test('an environment that has not read the secret: it works, and that is said', async () => {
  const arn = await newConsumer('held = [];');
  expect(await check({ functionArn: arn })).toMatchObject({
    ok: true,
    observed: expect.stringContaining('has not read the secret'),
    measured: { holdsVersion: false },
  });
});

test('an environment that still holds another version proves nothing yet', async () => {
  const arn = await newConsumer(`held[0].versionId = 'older';`);
  await expect(check({ functionArn: arn })).rejects.toMatchObject(reason('ConsumerStale', /another version/));
});

test('the canary says no: its kind of error is told, its words are not', async () => {
  const arn = await newConsumer(`canary = { ok: false, message: 'DatabaseError: password the-value is wrong' };`);
  const verdict = await check({ functionArn: arn });
  expect(verdict).toMatchObject(
    failure('CanaryFailed', /cannot work with version [\w-]+: DatabaseError\. Its own log/),
  );
  expect(JSON.stringify(verdict)).not.toContain('the-value');
});

test('a consumer that is down: thrown, with the kind of error and no word of its message', async () => {
  const arn = await newConsumer(`throw new TypeError('cannot connect with the-value');`);
  const thrown = await check({ functionArn: arn }).catch((error) => error);
  expect(thrown).toMatchObject(reason('ConsumerDown', /failed with TypeError\. Its own log tells more/));
  expect(thrown.message).not.toContain('the-value');
});

test('a consumer that is slower than its own time-out, or than the check waits', async () => {
  const arn = await newConsumer('await new Promise((resolve) => setTimeout(resolve, 20_000));');
  await expect(check({ functionArn: arn, timeoutSeconds: 1 })).rejects.toMatchObject(reason('NoRoute', /c\w+/));
});

test('a function that is not wrapped, and one that is not there', async () => {
  const name = `plain${randomUUID().slice(0, 8)}`;
  await make(cloud, 'exports.handler = async () => ({ statusCode: 200, body: "the-value" });', { name });
  const verdict = await check({ functionArn: functionArn(name) });
  expect(verdict).toMatchObject(failure('AnswerInvalid', /Wrap its handler with withFreshSecrets/));
  expect(JSON.stringify(verdict)).not.toContain('the-value');
  expect(await check({ functionArn: functionArn('nobody') })).toMatchObject(failure('ConsumerMissing', /nobody/));
});

test('throttled, refused, and out of order', async () => {
  const arn = await newConsumer();
  const fault = (more: object) => cloud.faults.add({ service: 'lambda', operation: 'Invoke', ...more } as never);
  fault({ kind: 'throttle' });
  await expect(check({ functionArn: arn })).rejects.toMatchObject(reason('Throttled', /c\w+/));
  fault({ kind: 'error', code: 'AccessDeniedException', message: 'no lambda:InvokeFunction', httpStatus: 403 });
  expect(await check({ functionArn: arn })).toMatchObject(failure('MissingGrant', /lambda:InvokeFunction/));
  fault({ kind: 'error', code: 'ENILimitReachedException', message: 'x', httpStatus: 502 });
  await expect(check({ functionArn: arn })).rejects.toMatchObject(reason('ConsumerDown', /ENILimitReached/));
  fault({ kind: 'error', code: 'ServiceException', message: 'x', httpStatus: 500 });
  await expect(check({ functionArn: arn })).rejects.toMatchObject(reason('Unavailable', /ServiceException/));
});
