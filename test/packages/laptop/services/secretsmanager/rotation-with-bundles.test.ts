import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import type { RunningCloud } from '../../../../../packages/laptop/running-cloud.ts';
import createLambdaService from '../../../../../packages/laptop/services/lambda/service.ts';
import createLogsService from '../../../../../packages/laptop/services/logs/service.ts';
import createSecretsManagerService, {
  type SecretsManagerService,
} from '../../../../../packages/laptop/services/secretsmanager/service.ts';
import { eventually } from '../eventually.ts';
import { allow, asPerson, make, startLaptop } from '../lambda/laptop.ts';

let cloud: RunningCloud;
let code: string;
const log: string[] = [];
const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:rotator';

beforeEach(async () => {
  log.length = 0;
  code ??= await bundle();
  cloud = await startLaptop({
    log: (line) => void log.push(line),
    services: [createLogsService, createLambdaService, createSecretsManagerService],
  });
  await allow(cloud, ['secretsmanager:*'], '*', 'secrets');
  await make(cloud, code, { name: 'rotator', Timeout: 30 });
  await asPerson(cloud, 'secretsmanager', 'CreateSecret', { Name: 's', SecretString: 'first' });
});
afterEach(() => cloud.close());

const ask = (operation: string, input: object = {}) =>
  asPerson(cloud, 'secretsmanager', operation, { SecretId: 's', ...input });
const letIn = (more: object = {}) =>
  asPerson(cloud, 'lambda', 'AddPermission', {
    FunctionName: 'rotator',
    StatementId: 'secrets-manager',
    Action: 'lambda:InvokeFunction',
    Principal: 'secretsmanager.amazonaws.com',
    ...more,
  });
const rotate = (more: object = {}) => ask('RotateSecret', { RotationLambdaARN: functionArn, ...more });
const rotated = (token: string) =>
  eventually(async () => {
    const { VersionIdsToStages, LastRotatedDate } = await ask('DescribeSecret');
    return LastRotatedDate && VersionIdsToStages[token]?.join() === 'AWSCURRENT';
  });
const steps = async () => {
  const { ARN } = await ask('DescribeSecret');
  return cloud.service<SecretsManagerService>('secretsmanager').rotation.steps(ARN);
};

/** By AWS's contract: what was stored for a token is never made a second time. */
const source = `
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
const client = new SecretsManager({});
export async function handler({ Step, SecretId, ClientRequestToken: token, RotationToken }) {
  const { VersionIdsToStages } = await client.describeSecret({ SecretId });
  if (VersionIdsToStages[token].includes('AWSCURRENT')) return;
  if (Step === 'createSecret') {
    try {
      await client.getSecretValue({ SecretId, VersionId: token, VersionStage: 'AWSPENDING' });
    } catch (error) {
      if (error.name !== 'ResourceNotFoundException') throw error;
      const { RandomPassword } = await client.getRandomPassword({});
      await client.putSecretValue({
        SecretId, SecretString: RandomPassword, ClientRequestToken: token, RotationToken, VersionStages: ['AWSPENDING'],
      });
    }
  }
  if (Step === 'finishSecret') {
    const [current] = Object.entries(VersionIdsToStages).find(([, labels]) => labels.includes('AWSCURRENT'));
    await client.updateSecretVersionStage({
      SecretId, VersionStage: 'AWSCURRENT', MoveToVersionId: token, RemoveFromVersionId: current,
    });
  }
}
`;

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minify: true,
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]!.text;
}

test.each([
  ['nobody', undefined, false],
  ['the service', {}, true],
  ['the service for this account', { SourceAccount: '000000000000' }, true],
  ['the service for another account', { SourceAccount: '111111111111' }, false],
  [
    'the service for secrets like this',
    { SourceArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:s-*' },
    true,
  ],
  ['the service for other secrets', { SourceArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:t-*' }, false],
  ['another service', { Principal: 'events.amazonaws.com' }, false],
])('a function that lets in %s', async (_name, permission, isLetIn) => {
  if (permission) await letIn(permission);
  if (isLetIn) return rotated((await rotate()).VersionId);
  await expect(rotate()).rejects.toMatchObject({
    code: 'AccessDeniedException',
    message:
      'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
  });
  expect(await ask('DescribeSecret')).not.toHaveProperty('RotationEnabled', true);
});

test.each([
  ['before', 'kill-before'],
  ['after', 'kill-after'],
] as const)('a function that dies right %s it stores the candidate is called again, and finds what there is', async (_name, kind) => {
  await letIn();
  cloud.faults.add({ kind, service: 'secretsmanager', operation: 'PutSecretValue', role: 'consumer' });
  const { VersionId } = await rotate();
  await rotated(VersionId);
  const seen = await steps();
  expect(seen.map(({ step, attempt, outcome }) => `${attempt} ${step} ${outcome}`)).toEqual([
    '1 createSecret failed',
    '2 createSecret succeeded',
    '2 setSecret succeeded',
    '2 testSecret succeeded',
    '2 finishSecret succeeded',
  ]);
  const puts = cloud.recorder.calls({ operation: 'PutSecretValue', outcome: 'ok' });
  expect(puts.filter(({ principal }) => principal.includes('assumed-role/consumer'))).toHaveLength(
    kind === 'kill-before' ? 1 : 0,
  );
  expect((await ask('ListSecretVersionIds', { IncludeDeprecated: true })).Versions).toHaveLength(2);
});

test('a function that dies right after it promoted is done at the next attempt', async () => {
  await letIn();
  cloud.faults.add({ kind: 'kill-after', service: 'secretsmanager', operation: 'UpdateSecretVersionStage' });
  const { VersionId } = await rotate();
  await eventually(async () => (await ask('DescribeSecret')).VersionIdsToStages[VersionId]?.includes('AWSCURRENT'));
  await rotated(VersionId);
  expect((await steps()).at(-1)).toMatchObject({ step: 'finishSecret', attempt: 2, outcome: 'succeeded' });
});

test('a function whose role may not store the candidate fails, and says why in its log', async () => {
  await letIn();
  await allow(cloud, ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'], '*', 'secrets');
  const { VersionId } = await rotate();
  await eventually(async () => (await steps()).some(({ outcome }) => outcome === 'failed'));
  expect((await ask('DescribeSecret')).VersionIdsToStages[VersionId]).toEqual(['AWSPENDING']);
  const { events } = await eventually(
    () => asPerson(cloud, 'logs', 'FilterLogEvents', { logGroupName: '/aws/lambda/rotator' }),
    (found) => JSON.stringify(found).includes('AccessDeniedException'),
  );
  expect(JSON.stringify(events)).toContain('secretsmanager:GetRandomPassword');
});
