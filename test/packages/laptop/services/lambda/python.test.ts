import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { UnsupportedProperty } from '../../../../../packages/laptop/assembly/resource.ts';
import { FrameReader } from '../../../../../packages/laptop/environments/frames.ts';
import { PythonLookup } from '../../../../../packages/laptop/environments/python.ts';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import { resources } from '../../../../../packages/laptop/services/lambda/resources.ts';
import createLambdaService from '../../../../../packages/laptop/services/lambda/service.ts';
import createLogsService from '../../../../../packages/laptop/services/logs/service.ts';
import createSecretsManagerService, {
  type SecretsManagerService,
} from '../../../../../packages/laptop/services/secretsmanager/service.ts';
import { eventually } from '../eventually.ts';
import { allow, asPerson, invoke, roleArn, settled, startLaptop } from './laptop.ts';
import { create, here, logged, make, promise, refusal } from './python-laptop.ts';

const services = [createLogsService, createLambdaService, createSecretsManagerService];
const environments = new URL('../../../../../packages/laptop/environments/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'python-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let cloud: RunningCloud;
beforeEach(async () => {
  cloud = await startLaptop({ services });
});
afterEach(() => cloud.close());

describe('the machine’s python3', () => {
  const put = (name: string, script: string) => {
    const path = mkdtempSync(join(folder, `${name}-`));
    writeFileSync(join(path, 'python3'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(path, 'python3'), 0o755);
    return path;
  };

  test('is found exactly where the shell finds one that is new enough', () => {
    const asked = spawnSync('python3', ['-c', 'import sys; print(sys.version_info >= (3, 9))'], { encoding: 'utf8' });
    expect('executable' in here).toBe(asked.status === 0 && asked.stdout.trim() === 'True');
  });

  test('decides whether a function is made and answers, or is refused', async () => {
    const made = await create(cloud, 'def handler(event, context): return event["a"] + 1').catch(
      (error: unknown) => error,
    );
    if ('missing' in here) return expect(made).toMatchObject(refusal(here.missing));
    expect(made).toMatchObject({ Runtime: 'python3.12', State: 'Pending' });
    await settled(cloud);
    expect((await invoke(cloud, { a: 1 })).payload).toBe(2);
  });

  test('is looked for in the order of the PATH, and asked for its real name', async () => {
    const found = put('there', `echo '["/real/python3", 3, 13, 1]'`);
    const lookup = new PythonLookup(`${join(folder, 'nowhere')}:${found}:${put('later', 'exit 1')}`);
    expect(await lookup.find()).toEqual({ executable: '/real/python3', version: '3.13.1' });
    expect(lookup.executable).toBe('/real/python3');
  });

  const old = put('old', `echo '["/real/python3", 3, 8, 18]'`);
  const broken = put('broken', 'echo "no tools installed" >&2; exit 72');
  const empty = join(folder, 'nowhere');
  test.each([
    ['an empty PATH', '', 'there is no python3 on the PATH'],
    ['a PATH without one', empty, 'there is no python3 on the PATH'],
    ['one that is too old', old, `${old}/python3 is Python 3.8.18`],
    ['one that does not run', broken, `${broken}/python3 does not answer (no tools installed)`],
  ])('that is missing, %s, makes CreateFunction, a change of runtime and a template refuse', async (_name, path, missing) => {
    await cloud.close();
    cloud = await startLaptop({
      services: [createLogsService, (each) => createLambdaService(each, new PythonLookup(path))],
    });
    await expect(create(cloud, 'def handler(event, context): return 1')).rejects.toMatchObject(refusal(missing));
    await expect(asPerson(cloud, 'lambda', 'GetFunction', { FunctionName: 'f' })).rejects.toMatchObject({
      code: 'ResourceNotFoundException',
    });

    await create(cloud, '', { Runtime: 'nodejs22.x', files: { 'index.js': 'exports.handler = async () => 1;' } });
    await settled(cloud);
    await expect(
      asPerson(cloud, 'lambda', 'UpdateFunctionConfiguration', { FunctionName: 'f', Runtime: 'python3.12' }),
    ).rejects.toMatchObject(refusal(missing));
    expect((await invoke(cloud)).payload).toBe(1);

    const load = loadFunction('g', 'def handler(event, context): return 1');
    await expect(load).rejects.toBeInstanceOf(UnsupportedProperty);
    await expect(load).rejects.toThrow(`Rotator (AWS::Lambda::Function): property Runtime (python3.12)`);
    await expect(load).rejects.toThrow(refusal(missing).message);
  });
});

async function loadFunction(FunctionName: string, ZipFile: string) {
  const provider = resources.find(({ type }) => type === 'AWS::Lambda::Function')!;
  const properties = { FunctionName, Runtime: 'python3.12', Handler: 'index.handler', Role: roleArn };
  const resource = { logicalId: 'Rotator', stackName: 'App', type: provider.type, metadata: {}, assetPath: () => '' };
  return provider.create({ ...resource, properties: { ...properties, Timeout: 30, Code: { ZipFile } } }, cloud);
}

test('a runtime that Lambda has not, or no more, is refused wherever Python is', async () => {
  for (const Runtime of ['python3.8', 'python3.15', 'python2.7']) {
    await expect(create(cloud, '', { Runtime })).rejects.toMatchObject({
      code: 'InvalidParameterValueException',
      message: expect.stringContaining(`Value ${Runtime} at 'runtime' failed to satisfy constraint`),
    });
  }
});

describe('a Python function', () => {
  promise('of a template has its inline code in index.py', async () => {
    await loadFunction('f', 'def handler(event, context): return __name__');
    expect((await invoke(cloud)).payload).toBe('index');
  });

  promise('in a folder imports beside the package’s root, and leaves the package as it was deployed', async () => {
    const files = {
      'app/rotate.py': 'import shared\ndef entry(event, context): return [shared.VALUE, event["text"]]',
      'shared.py': 'VALUE = "shared"',
    };
    await make(cloud, '', { files, Handler: 'app/rotate.entry' });
    await make(cloud, '', { files, Handler: 'app.rotate.entry', name: 'g' });
    expect((await invoke(cloud, { text: 'größer 🗝' })).payload).toEqual(['shared', 'größer 🗝']);
    expect((await invoke(cloud, { text: '' }, { name: 'g' })).payload).toEqual(['shared', '']);
    const { Code } = await asPerson(cloud, 'lambda', 'GetFunction', { FunctionName: 'f' });
    const zipped = Buffer.from(await (await fetch(Code.Location)).arrayBuffer());
    expect(zipped.includes('rotate.py')).toBe(true);
    expect(zipped.includes('__pycache__')).toBe(false);
  });

  promise('knows its function and nothing of the process that started it', async () => {
    process.env.PARENT_SECRET = 'x';
    await make(
      cloud,
      `import os, sys
def handler(event, context):
    known = ('function_name', 'function_version', 'invoked_function_arn', 'memory_limit_in_mb', 'aws_request_id', 'log_group_name', 'log_stream_name')
    return {
        'context': {name: getattr(context, name) for name in known},
        'left': context.get_remaining_time_in_millis(),
        'client': [context.client_context.custom, context.client_context.env, context.client_context.client.app_title],
        'identity': context.identity.cognito_identity_id,
        'env': dict(os.environ),
        'path': sys.path[0],
        'folder': os.getcwd(),
    }`,
      { Timeout: 29, Environment: { Variables: { OWN: 'value' } } },
    );
    const client = { custom: { a: 1 }, env: { locale: 'de' }, client: { app_title: 'shop' } };
    const ClientContext = Buffer.from(JSON.stringify(client)).toString('base64');
    const { payload } = await invoke(cloud, {}, { ClientContext });
    delete process.env.PARENT_SECRET;
    expect(payload.context).toEqual({
      function_name: 'f',
      function_version: '$LATEST',
      invoked_function_arn: 'arn:aws:lambda:us-east-1:000000000000:function:f',
      memory_limit_in_mb: '128',
      aws_request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      log_group_name: '/aws/lambda/f',
      log_stream_name: payload.env.AWS_LAMBDA_LOG_STREAM_NAME,
    });
    expect(payload.left).toBeGreaterThan(0);
    expect(payload.left).toBeLessThanOrEqual(29_000);
    expect(Number.isInteger(payload.left)).toBe(true);
    expect(payload.client).toEqual([{ a: 1 }, { locale: 'de' }, 'shop']);
    expect(payload.identity).toBeNull();
    expect(payload.env.PARENT_SECRET).toBeUndefined();
    expect(payload.env).toMatchObject({
      OWN: 'value',
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: cloud.endpointUrl,
      AWS_EXECUTION_ENV: 'AWS_Lambda_python3.12',
      AWS_LAMBDA_FUNCTION_NAME: 'f',
      LAMBDA_TASK_ROOT: payload.folder,
      _HANDLER: 'index.handler',
      _X_AMZN_TRACE_ID: expect.stringMatching(/^Root=1-/),
    });
    expect(payload.path).toBe(payload.folder);
  });

  promise('answers what AWS’s runtime makes of its result', async () => {
    await make(
      cloud,
      `from decimal import Decimal
def handler(event, context):
    if event == 'bytes': return b'{"raw": true}'
    if event == 'set': return {1, 2}
    return {'none': None, 'price': Decimal('1.10'), 'text': '"größer"', 'list': (1, 2)}`,
    );
    const answer = await asPerson(cloud, 'lambda', 'Invoke', { FunctionName: 'f', Payload: Buffer.from('1') });
    const text = Buffer.from(answer.Payload).toString();
    expect(text).toContain('"price": 1.10,');
    expect(JSON.parse(text)).toEqual({ none: null, price: 1.1, text: '"größer"', list: [1, 2] });
    expect((await invoke(cloud, 'bytes')).payload).toEqual({ raw: true });
    expect((await invoke(cloud, 'set')).payload).toMatchObject({
      errorType: 'Runtime.MarshalError',
      errorMessage: 'Unable to marshal response: Object of type set is not JSON serializable',
    });
  });

  promise('keeps module state between requests, and its threads stand still in between', async () => {
    await make(
      cloud,
      `import threading, time
ticks, requests, started = 0, 0, False
def tick():
    global ticks
    while True:
        time.sleep(0.01)
        ticks += 1
def handler(event, context):
    global requests, started
    if not started:
        started = True
        threading.Thread(target=tick, daemon=True).start()
    requests += 1
    if event: time.sleep(event)
    return [requests, ticks]`,
    );
    const [, before] = (await invoke(cloud, 0.2)).payload;
    expect(before).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const [requests, after] = (await invoke(cloud, 0)).payload;
    expect(requests).toBe(2);
    expect(after - before).toBeLessThan(5);
    const both = await Promise.all([invoke(cloud, 1), invoke(cloud, 1)]);
    expect(both.map(({ payload }) => payload[0]).sort()).toEqual([1, 3]);
  });
});

/** AWS's skeleton of a rotation function, on a client of its own in the place of boto3. */
const rotator = readFileSync(new URL('./rotation-function.py', import.meta.url), 'utf8');

promise('a Python rotation function is driven through its four steps by RotateSecret', async () => {
  await allow(cloud, ['secretsmanager:*'], '*', 'secrets');
  await make(cloud, rotator, { name: 'rotator' });
  await asPerson(cloud, 'lambda', 'AddPermission', {
    FunctionName: 'rotator',
    StatementId: 'secrets-manager',
    Action: 'lambda:InvokeFunction',
    Principal: 'secretsmanager.amazonaws.com',
  });
  const ask = (operation: string, input: object = {}) =>
    asPerson(cloud, 'secretsmanager', operation, { SecretId: 's', ...input });
  await ask('CreateSecret', { Name: 's', SecretString: '{"username":"shop","password":"first"}' });
  const { ARN, VersionId } = await ask('RotateSecret', {
    RotationLambdaARN: 'arn:aws:lambda:us-east-1:000000000000:function:rotator',
  });
  await eventually(
    () => ask('DescribeSecret'),
    ({ LastRotatedDate, VersionIdsToStages }) =>
      LastRotatedDate && VersionIdsToStages[VersionId].join() === 'AWSCURRENT',
  );
  const { VersionId: current, SecretString } = await ask('GetSecretValue');
  expect(current).toBe(VersionId);
  const { username, password } = JSON.parse(SecretString);
  expect(username).toBe('shop');
  expect(password).toMatch(/^[A-Za-z0-9]{32}$/);
  const steps = cloud.service<SecretsManagerService>('secretsmanager').rotation.steps(ARN);
  const done = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];
  expect(steps.map(({ step, attempt, outcome }) => `${attempt} ${step} ${outcome}`)).toEqual(
    done.map((step) => `1 ${step} succeeded`),
  );
  const lines = await logged(cloud, 4, '/aws/lambda/rotator');
  expect(lines.filter((line) => line.startsWith('[INFO]')).map((line) => line.split('\t')[3])).toEqual(
    done.map((step) => `${step} of ${VersionId}\n`),
  );
  expect(lines.join('')).not.toContain(password);
});

promise('boto3 is the one of the machine: it calls the laptop, or its absence reaches the caller', async () => {
  const { executable } = here as { executable: string };
  const asked = spawnSync(executable, ['-c', 'import boto3'], { encoding: 'utf8' });
  await make(
    cloud,
    'import boto3\ndef handler(event, context): return boto3.client("sts").get_caller_identity()["Arn"]',
  );
  const { payload } = await invoke(cloud);
  if (asked.status === 0) {
    return expect(payload).toMatch(/^arn:aws:sts::000000000000:assumed-role\/consumer\/[0-9a-f]{32}$/);
  }
  expect(asked.stderr).toContain("No module named 'boto3'");
  expect(payload).toMatchObject({
    errorType: 'Runtime.ImportModuleError',
    errorMessage: "Unable to import module 'index': No module named 'boto3'",
  });
});

promise('a frozen Python environment ends when the laptop is gone, whatever threads it has', async () => {
  const { executable } = here as { executable: string };
  const code = mkdtempSync(join(folder, 'code-'));
  const thread = 'import threading, time\nthreading.Thread(target=lambda: time.sleep(3600)).start()\n';
  writeFileSync(join(code, 'index.py'), `${thread}def handler(event, context): return 1`);
  const child = spawn(executable, [fileURLToPath(new URL('bootstrap.py', environments))], {
    env: { _HANDLER: 'index.handler', LAMBDA_TASK_ROOT: code },
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  const pipe = child.stdio[3] as Socket;
  const frames = new FrameReader();
  const [chunk] = await once(pipe, 'data');
  expect(frames.push(chunk)).toEqual([{ type: 'ready' }]);
  expect(child.exitCode).toBeNull();
  pipe.destroy();
  expect(await once(child, 'exit')).toEqual([0, null]);
});
