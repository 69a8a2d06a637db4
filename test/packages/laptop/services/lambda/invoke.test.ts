import {
  CreateFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import { asPerson, clientOf, invoke, lambdaOf, logsOf, make, roleArn, startLaptop, until, zip } from './laptop.ts';

let cloud: RunningCloud;
beforeEach(async () => {
  cloud = await startLaptop();
});
afterEach(() => cloud.close());

// Signs by hand what the SDK would sign: the function has no dependencies.
const caller = `
const { createHash, createHmac } = require('node:crypto');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();
const sha = (text) => createHash('sha256').update(text).digest('hex');
exports.handler = async () => {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token, AWS_ENDPOINT_URL: url } = process.env;
  const time = new Date().toISOString().replace(/[-:]|\\.\\d+/g, '');
  const scope = time.slice(0, 8) + '/us-east-1/sts/aws4_request';
  const body = 'Action=GetCallerIdentity&Version=2011-06-15';
  const canonical = ['POST', '/', '', 'host:' + new URL(url).host, 'x-amz-date:' + time, '', 'host;x-amz-date', sha(body)].join('\\n');
  const text = ['AWS4-HMAC-SHA256', time, scope, sha(canonical)].join('\\n');
  const key = scope.split('/').reduce(hmac, 'AWS4' + secret);
  const authorization = 'AWS4-HMAC-SHA256 Credential=' + id + '/' + scope + ', SignedHeaders=host;x-amz-date, Signature=' + hmac(key, text).toString('hex');
  const headers = { authorization, 'x-amz-date': time, 'x-amz-security-token': token, 'content-type': 'application/x-www-form-urlencoded' };
  return (await fetch(url, { method: 'POST', body, headers })).text();
};`;

describe('a function made from zip bytes', () => {
  test('is Pending, then Active, and answers through the SDK with its log tail', async () => {
    const client = clientOf(cloud);
    const created = await client.send(
      new CreateFunctionCommand({
        FunctionName: 'hello',
        Runtime: 'nodejs22.x',
        Handler: 'src/app.handler',
        Role: roleArn,
        Code: {
          ZipFile: zip({
            'src/app.mjs':
              'console.log("loaded"); export const handler = async (e, c) => { console.info("got", e); return { e, v: c.functionVersion } };',
          }),
        },
      }),
    );
    expect(created.State).toBe('Pending');
    await waitUntilFunctionActiveV2({ client, maxWaitTime: 5, minDelay: 1 }, { FunctionName: 'hello' });
    const answer = await client.send(
      new InvokeCommand({ FunctionName: 'hello', Payload: Buffer.from('{"a":1}'), LogType: 'Tail' }),
    );
    expect(answer.StatusCode).toBe(200);
    expect(answer.ExecutedVersion).toBe('$LATEST');
    expect(JSON.parse(Buffer.from(answer.Payload ?? '').toString())).toEqual({ e: { a: 1 }, v: '$LATEST' });
    const tail = Buffer.from(answer.LogResult ?? '', 'base64').toString();
    const id = answer.$metadata.requestId;
    expect(tail).toContain(`START RequestId: ${id} Version: $LATEST\n`);
    expect(tail).toMatch(new RegExp(`^\\d{4}-.*Z\\t${id}\\tINFO\\tgot \\{ a: 1 \\}$`, 'm'));
    expect(tail).toMatch(
      /REPORT RequestId: .*\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms/,
    );
  });

  test('can be downloaded again', async () => {
    await make(cloud, 'exports.handler = async () => 1;');
    const found = await clientOf(cloud).send(new GetFunctionCommand({ FunctionName: 'f' }));
    const download = await fetch(found.Code?.Location as string);
    expect(download.status).toBe(200);
    expect(
      Buffer.from(await download.arrayBuffer())
        .subarray(0, 2)
        .toString(),
    ).toBe('PK');
  });
});

describe('what Lambda answers for a function that fails', () => {
  test('its error, with the name and the stack', async () => {
    await make(cloud, 'exports.handler = async () => { const e = new TypeError("no"); throw e; };');
    const answer = await invoke(cloud);
    expect(answer.FunctionError).toBe('Unhandled');
    expect(answer.payload).toMatchObject({ errorType: 'TypeError', errorMessage: 'no' });
    expect(answer.payload.trace[0]).toBe('TypeError: no');
  });

  test('a time-out, and the environment is replaced', async () => {
    await make(
      cloud,
      'let n = 0; exports.handler = (e) => e.hang ? new Promise(() => setInterval(() => {}, 1000)) : ++n;',
      { Timeout: 1 },
    );
    const answer = await invoke(cloud, { hang: true });
    expect(answer.payload).toEqual({
      errorType: 'Sandbox.Timedout',
      errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/),
    });
  });

  test('Runtime.ExitError when the process ends', async () => {
    await make(cloud, 'exports.handler = async () => process.exit(3);');
    const answer = await invoke(cloud);
    expect(answer.payload).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringContaining('Error: Runtime exited with error: exit status 3'),
    });
  });

  test('Runtime.ImportModuleError and Runtime.HandlerNotFound', async () => {
    await make(cloud, 'require("not-bundled"); exports.handler = () => 1;');
    expect((await invoke(cloud)).payload).toMatchObject({
      errorType: 'Runtime.ImportModuleError',
      errorMessage: expect.stringMatching(/^Error: Cannot find module 'not-bundled'\nRequire stack:/),
    });
    await make(cloud, 'exports.other = () => 1;', { name: 'g' });
    expect((await invoke(cloud, {}, { name: 'g' })).payload).toMatchObject({
      errorType: 'Runtime.HandlerNotFound',
      errorMessage: 'index.handler is undefined or not exported',
    });
  });

  test('an answer over 6 MB is refused', async () => {
    await make(cloud, 'exports.handler = async () => "x".repeat(6291556);');
    expect((await invoke(cloud)).payload.errorType).toBe('Function.ResponseSizeTooLarge');
  });
});

describe('an execution environment', () => {
  test('keeps module state between requests, serves one at a time, and more come up under concurrency', async () => {
    await make(
      cloud,
      'let n = 0; exports.handler = async (e) => { await new Promise((r) => setTimeout(r, e.ms)); return [process.env.AWS_LAMBDA_LOG_STREAM_NAME, ++n]; };',
    );
    const first = (await invoke(cloud, { ms: 0 })).payload;
    const second = (await invoke(cloud, { ms: 0 })).payload;
    expect(second).toEqual([first[0], 2]);
    const both = await Promise.all([invoke(cloud, { ms: 300 }), invoke(cloud, { ms: 300 })]);
    expect(new Set(both.map(({ payload }) => payload[0])).size).toBe(2);
    expect(
      lambdaOf(cloud)
        .environments()
        .map(({ state }) => state),
    ).toEqual(['idle', 'idle']);
  });

  test('is frozen between requests: timers stand still', async () => {
    await make(cloud, 'let ticks = 0; setInterval(() => ticks++, 10); exports.handler = async () => ticks;');
    const before = (await invoke(cloud)).payload;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await invoke(cloud)).payload - before).toBeLessThan(3);
  });

  test('knows its function and nothing of the process that started it', async () => {
    process.env.PARENT_SECRET = 'x';
    await make(
      cloud,
      'exports.handler = async (e, c) => ({ env: process.env, arn: c.invokedFunctionArn, left: c.getRemainingTimeInMillis(), group: c.logGroupName });',
      {
        Timeout: 7,
        Environment: { Variables: { OWN: 'value' } },
      },
    );
    const { payload } = await invoke(cloud);
    delete process.env.PARENT_SECRET;
    expect(payload.env.PARENT_SECRET).toBeUndefined();
    expect(payload.env).toMatchObject({
      OWN: 'value',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: cloud.endpointUrl,
      AWS_LAMBDA_FUNCTION_NAME: 'f',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x',
      _HANDLER: 'index.handler',
      TZ: ':UTC',
    });
    expect(payload.arn).toBe('arn:aws:lambda:us-east-1:000000000000:function:f');
    expect(payload.group).toBe('/aws/lambda/f');
    expect(payload.left).toBeGreaterThan(5_000);
    expect(payload.left).toBeLessThanOrEqual(7_000);
  });

  test('that crashes harms no other', async () => {
    await make(
      cloud,
      'exports.handler = async (e) => { await new Promise((r) => setTimeout(r, 200)); if (e.crash) setTimeout(() => { throw new Error("boom"); }, 0); await new Promise((r) => setTimeout(r, 200)); return "well"; };',
    );
    const [crashed, well] = await Promise.all([invoke(cloud, { crash: true }), invoke(cloud)]);
    expect(crashed.payload).toMatchObject({ errorType: 'Error', errorMessage: 'boom' });
    expect(well.payload).toBe('well');
  });

  test('dies by a fault as its handler begins, and the next request starts another', async () => {
    await make(cloud, 'exports.handler = async () => 1;');
    await invoke(cloud);
    const id = lambdaOf(cloud).environments()[0]?.id;
    cloud.faults.add({ kind: 'kill-before', function: 'f' });
    expect((await invoke(cloud)).payload.errorMessage).toContain('Runtime exited with error: signal: killed');
    expect((await invoke(cloud)).payload).toBe(1);
    expect(
      lambdaOf(cloud)
        .environments()
        .map((record) => record.id),
    ).not.toContain(id);
  });

  test('dies by a fault on a call that it makes, and its credentials with it', async () => {
    await make(cloud, caller);
    cloud.faults.add({ kind: 'kill-before', service: 'sts', operation: 'GetCallerIdentity' });
    const answer = await invoke(cloud);
    expect(answer.payload.errorMessage).toContain('Runtime exited with error: signal: killed');
    await until(() => lambdaOf(cloud).environments().length === 0);
    expect((await invoke(cloud)).payload).toContain('assumed-role/consumer/');
  });

  test('can be killed by the session name of its credentials', async () => {
    await make(cloud, 'exports.handler = () => new Promise((resolve) => setTimeout(resolve, 5000));', { Timeout: 6 });
    const running = invoke(cloud);
    const busy = await until(() =>
      lambdaOf(cloud)
        .environments()
        .find(({ state }) => state === 'busy'),
    );
    expect(lambdaOf(cloud).killEnvironmentOf(busy.id)).toBe(true);
    expect((await running).payload.errorType).toBe('Runtime.ExitError');
    await until(() => !lambdaOf(cloud).killEnvironmentOf(busy.id));
  });
});

test('lines go to the function’s log group, and to whoever listens', async () => {
  const heard: string[] = [];
  logsOf(cloud).onLine(({ group, text }) => void heard.push(`${group} ${text}`));
  await make(cloud, 'exports.handler = async () => { process.stdout.write(\'{"_aws":1}\\n\'); };');
  await invoke(cloud);
  await until(() => heard.some((line) => line.includes('REPORT')));
  expect(heard).toContain('/aws/lambda/f {"_aws":1}\n');
  const { events } = await asPerson(cloud, 'logs', 'FilterLogEvents', {
    logGroupName: '/aws/lambda/f',
    filterPattern: '{ $._aws = 1 }',
  });
  expect(events.map((event: any) => event.message)).toEqual(['{"_aws":1}\n']);
});

test('a dry run checks and runs nothing', async () => {
  await make(cloud, 'exports.handler = async () => 1;');
  expect((await invoke(cloud, {}, { InvocationType: 'DryRun' })).StatusCode).toBe(204);
  expect(lambdaOf(cloud).environments()).toEqual([]);
});

test('a reserved concurrency of none throttles', async () => {
  await make(cloud, 'exports.handler = async () => 1;');
  lambdaOf(cloud).lambda.state.find('us-east-1', 'f')!.reservedConcurrency = 0;
  await expect(clientOf(cloud).send(new InvokeCommand({ FunctionName: 'f' }))).rejects.toMatchObject({
    name: 'TooManyRequestsException',
    Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    $metadata: { httpStatusCode: 429 },
  });
});
