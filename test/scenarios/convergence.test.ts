import { CreateRoleCommand } from '@aws-sdk/client-iam';
import { CreateFunctionCommand, GetFunctionCommand, UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { jest } from '@jest/globals';
import { zipSync } from 'fflate';
import type { SnsService } from '../../packages/laptop/services/sns/service.ts';
import { Desk } from '../cli/desk.ts';
import { eventually } from '../eventually.ts';

// Each command is a process of its own.
jest.setTimeout(240_000);

/** What `status` says of consumers, from the second of a promotion until the evidence is in: the machines as deployed. */
const notify = { freshness: 'notify', maxAgeSeconds: 300, longestInvocationSeconds: 30 } as const;
const soon = { freshness: 'expire', maxAgeSeconds: 3, longestInvocationSeconds: 1 } as const;
const manifest = {
  secrets: {
    payment: {
      kind: 'watched',
      secret: { name: 'shop/payment' },
      consumers: [
        { name: 'broken', function: 'broken', ...notify },
        { name: 'well', function: 'well', ...notify },
        { name: 'briefly', function: 'well', ...soon },
        { name: 'broken-briefly', function: 'broken', ...soon, freshness: 'notify' },
      ],
    },
  },
};

let desk: Desk;
beforeAll(async () => {
  desk = await Desk.open();
  await desk.createSecret('shop/payment', { key: 'first' });
  await createFunction('broken', "require('pg-that-is-not-there'); exports.handler = async () => ({});");
  await createFunction('well', 'exports.handler = async () => ({});');
  await desk.deploy(manifest);
}, 240_000);
afterAll(() => desk?.close());

async function createFunction(name: string, code: string): Promise<void> {
  const Statement = [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const { Role } = await desk.iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument }));
  await desk.lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Role: Role?.Arn,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: zipSync({ 'index.js': Buffer.from(code) }) },
    }),
  );
}

interface Consumer {
  readonly name: string;
  readonly state: string;
  readonly word: string;
  readonly expectedAt?: string;
  readonly convergedAt?: string;
}

async function consumers(): Promise<Record<string, Consumer>> {
  const { stdout } = await desk.keyturn(['status', '--json']);
  const all: Consumer[] = JSON.parse(stdout).secrets[0].consumers;
  return Object.fromEntries(all.map((one) => [one.name, one]));
}

async function put(key: string): Promise<number> {
  const SecretString = JSON.stringify({ key });
  await desk.secrets.send(new PutSecretValueCommand({ SecretId: 'shop/payment', SecretString }));
  return Date.now();
}

const published = (what: string, is: (of: Record<string, Consumer>) => boolean) =>
  eventually(what, async () => {
    const of = await consumers();
    return is(of) ? of : undefined;
  });

let promotedAt: number;
let first: Record<string, Consumer>;

test('after a promotion no consumer is called converged: a notified one converges until its bound, one that cannot start lags', async () => {
  promotedAt = await put('second');
  first = await published('the states of all', (of) => Object.values(of).every(({ state }) => state !== 'unpublished'));
  expect(first.well).toMatchObject({ state: 'converging', word: expect.stringMatching(/^converging until /) });
  const until = Date.parse(first.well?.expectedAt ?? '');
  expect(until - promotedAt).toBeGreaterThan(320_000);
  expect(until - promotedAt).toBeLessThan(360_000);
  expect(first.broken).toMatchObject({
    state: 'lagging',
    word: expect.stringMatching(/^lagging since .* because Runtime\.ImportModuleError.*pg-that-is-not-there/),
  });
  expect(first.broken?.word).not.toContain('\n');
});

test('the lag rings, is a notice, and is found by doctor', async () => {
  const outbox = () => JSON.stringify(desk.cloud.service<SnsService>('sns').outbox());
  await eventually('the alarm', () => (outbox().includes('keyturn-ConsumerLagging') ? true : undefined));
  await eventually('the notice', () => (outbox().includes('shop/payment: broken is lagging') ? true : undefined));
  const doctor = await desk.keyturn(['doctor', '--json']);
  const findings: { code: string; message: string }[] = JSON.parse(doctor.stdout).findings;
  expect(findings).toContainEqual(
    expect.objectContaining({
      code: 'ConsumerLagging',
      message: expect.stringContaining('consumer broken is lagging'),
    }),
  );
});

test('evidence comes with the bound: it is measured, and never before its time', async () => {
  const of = await published('evidence', ({ briefly }) => briefly?.state === 'converged');
  const convergedAt = Date.parse(of.briefly?.convergedAt ?? '');
  expect(convergedAt).toBeLessThanOrEqual(Date.now());
  // The promotion was a moment before the answer to the put.
  expect(convergedAt - promotedAt).toBeGreaterThan(3_000);
  expect(of.briefly?.word).toMatch(/^converged at \d{4}-.*Z by bound$/);
  expect(of.broken).toMatchObject({ state: 'lagging' });
  expect(of.well).toMatchObject({ state: 'converging', expectedAt: first.well?.expectedAt });
});

test('a consumer that lagged has converged when its bound has passed', async () => {
  const of = await published('evidence', (all) => all['broken-briefly']?.state === 'converged');
  expect(of['broken-briefly']?.word).toMatch(/^converged at .* by bound$/);
});

test('once the cause is corrected, doctor --repair notifies the consumer again: it is on its way, and the finding is gone', async () => {
  const ZipFile = zipSync({ 'index.js': Buffer.from('exports.handler = async () => ({});') });
  await desk.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'broken', ZipFile }));
  await eventually('the new code', async () => {
    const { Configuration } = await desk.lambda.send(new GetFunctionCommand({ FunctionName: 'broken' }));
    return Configuration?.LastUpdateStatus === 'Successful' ? true : undefined;
  });
  const repaired = await desk.keyturn(['doctor', 'shop/payment', '--repair', '--yes']);
  expect(repaired.code).toBe(0);
  expect(repaired.stderr).toMatch(/broken converging until \d/);
  expect((await consumers()).broken).toMatchObject({ state: 'converging' });
  const doctor = await desk.keyturn(['doctor', 'shop/payment', '--json']);
  expect(JSON.parse(doctor.stdout).findings).toEqual([]);
});

test('of a version that is replaced before its evidence nothing is said any more', async () => {
  const { well: before } = await consumers();
  await put('third');
  const of = await published('another promotion', (all) => {
    const until = all.well?.state === 'converging' ? Date.parse(all.well.expectedAt ?? '') : 0;
    return until > Date.parse(before?.expectedAt ?? '');
  });
  expect(of.well?.word).toMatch(/^converging until /);
  const history = await desk.keyturn(['history', 'shop/payment']);
  expect(history.stdout).not.toMatch(/(well|broken) converged at/);
});
