import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { CONSUMER_CLIENT_CONTEXT } from '../../../packages/consumer/contracts/consumer-events.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import createLambdaService from '../../../packages/laptop/services/lambda/service.ts';
import createLogsService from '../../../packages/laptop/services/logs/service.ts';
import createSecretsManagerService from '../../../packages/laptop/services/secretsmanager/service.ts';
import { startTarget } from '../../pipeline/rotators/postgres/fixture.ts';
import { allow, asPerson, invoke, make, startLaptop } from '../laptop/services/lambda/laptop.ts';
import { type RotatingDatabase, rotatingDatabase, trust } from './database.ts';

let cloud: RunningCloud;
let target: Awaited<ReturnType<typeof startTarget>>;
let distrust: () => void;
let bundled: string;

/** The library in a function's bundle, in execution environments that freeze between requests. */
beforeAll(async () => {
  cloud = await startLaptop({ services: [createLogsService, createLambdaService, createSecretsManagerService] });
  target = await startTarget();
  distrust = await trust(cloud, target.server);
  await allow(cloud, ['secretsmanager:GetSecretValue'], '*', 'secrets');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./function.ts', import.meta.url))],
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    mainFields: ['module', 'main'],
    write: false,
    logLevel: 'error',
  });
  bundled = outputFiles[0]?.text ?? '';
}, 60_000);
afterAll(async () => {
  distrust();
  await target.stop();
  await cloud.close();
});

async function consumer(secret: RotatingDatabase, more: Record<string, string> = {}): Promise<string> {
  const name = `consumer-${secret.id}`;
  const Variables = {
    SECRET_ID: secret.secretId,
    MAX_AGE_SECONDS: '3600',
    PGSSLROOTCERT: process.env.PGSSLROOTCERT as string,
    ...more,
  };
  await make(cloud, '', { name, files: { 'index.js': bundled }, Environment: { Variables }, Timeout: 25 });
  return name;
}
const pipelineEvent = (secret: RotatingDatabase, operation: string) => ({
  keyturn: {
    operation,
    schemaVersion: 1,
    secretArn: `arn:aws:secretsmanager:us-east-1:000000000000:secret:${secret.secretId}-AbCdEf`,
    secretName: secret.secretId,
    versionId: secret.versionId(),
  },
});

test('an environment that froze wakes after the old credential is retired, and works at its first request', async () => {
  const secret = await rotatingDatabase(cloud, target.server, 'alternating-users');
  const name = await consumer(secret, { MAX_AGE_SECONDS: '2' });
  const before = (await invoke(cloud, {}, { name })).payload;
  expect(before).toMatchObject({ user: secret.username, held: secret.versionId() });
  await secret.rotateAll();
  await secret.retire(secret.username);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const after = (await invoke(cloud, {}, { name })).payload;
  expect(after).toMatchObject({
    environmentId: before.environmentId,
    user: `${secret.username}_clone`,
    held: secret.versionId(),
    // The value had expired, and no login was refused.
    statistics: { fetches: 2, refetches: 0, failures: 0 },
  });
});

test('one that wakes before its value has expired, after an emergency, heals at its first request and says so in a line', async () => {
  const secret = await rotatingDatabase(cloud, target.server, 'alternating-users');
  const name = await consumer(secret);
  await invoke(cloud, {}, { name });
  await secret.rotateAll();
  await secret.retire(secret.username);
  const { payload, LogResult } = await invoke(cloud, {}, { name, LogType: 'Tail' });
  expect(payload).toMatchObject({ user: `${secret.username}_clone`, statistics: { fetches: 2, refetches: 1 } });
  const log = Buffer.from(LogResult, 'base64').toString('utf8');
  expect(log).toContain('"ConnectionRetried":1');
  expect(log).not.toContain(secret.state.current.payload.password);
});

test('report, invalidate and canary reach it by lambda:Invoke; what it says is versions', async () => {
  const secret = await rotatingDatabase(cloud, target.server, 'alternating-users');
  const first = secret.versionId();
  const name = await consumer(secret);
  await invoke(cloud, {}, { name });
  await secret.rotateAll();
  const report = await invoke(cloud, pipelineEvent(secret, 'report'), { name });
  expect(report.payload.keyturn.held).toEqual([{ secretId: secret.secretId, versionId: first }]);
  expect((await invoke(cloud, {}, { name })).payload.held).toBe(first);
  await invoke(cloud, pipelineEvent(secret, 'invalidate'), { name });
  expect((await invoke(cloud, {}, { name })).payload).toMatchObject({
    user: `${secret.username}_clone`,
    held: secret.versionId(),
  });
  const canary = await invoke(cloud, pipelineEvent(secret, 'canary'), { name });
  expect(canary.payload.keyturn).toMatchObject({ canary: { ok: true }, held: [{ versionId: secret.versionId() }] });
});

test('a canary that cannot log in says of what kind and nothing else', async () => {
  const secret = await rotatingDatabase(cloud, target.server, 'single-user');
  const name = await consumer(secret);
  await target.server.query(`ALTER ROLE "${secret.username}" NOLOGIN`);
  const { payload } = await invoke(cloud, pipelineEvent(secret, 'canary'), { name });
  expect(payload.keyturn.canary).toEqual({ ok: false, message: 'error: 28000' });
});

test('requireClientContext: the pipeline’s context comes through lambda:Invoke, an event without it is the handler’s', async () => {
  const secret = await rotatingDatabase(cloud, target.server, 'alternating-users');
  const name = await consumer(secret, { REQUIRE_CLIENT_CONTEXT: 'true' });
  expect((await invoke(cloud, pipelineEvent(secret, 'report'), { name })).payload).toMatchObject({
    user: secret.username,
  });
  const ClientContext = Buffer.from(JSON.stringify(CONSUMER_CLIENT_CONTEXT)).toString('base64');
  const answer = await invoke(cloud, pipelineEvent(secret, 'report'), { name, ClientContext });
  expect(answer.payload.keyturn).toMatchObject({ schemaVersion: 1 });
});

test('not from a public route: the function URL wraps what a stranger sends', async () => {
  const secret = await rotatingDatabase(cloud, target.server, 'alternating-users');
  const name = await consumer(secret);
  await invoke(cloud, {}, { name });
  const { FunctionUrl } = await asPerson(cloud, 'lambda', 'CreateFunctionUrlConfig', {
    FunctionName: name,
    AuthType: 'NONE',
  });
  for (const permission of [
    { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' },
    { Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
  ]) {
    const StatementId = permission.Action.split(':')[1];
    await asPerson(cloud, 'lambda', 'AddPermission', {
      FunctionName: name,
      StatementId,
      Principal: '*',
      ...permission,
    });
  }
  await secret.rotateAll();
  const answer = await fetch(FunctionUrl, {
    method: 'POST',
    body: JSON.stringify(pipelineEvent(secret, 'invalidate')),
  });
  // It was answered by the application, and nothing was invalidated.
  expect(await answer.json()).toMatchObject({ user: secret.username, statistics: { invalidations: 0 } });
});
