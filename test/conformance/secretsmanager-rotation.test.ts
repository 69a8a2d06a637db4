import {
  CancelRotateSecretCommand,
  DescribeSecretCommand,
  RotateSecretCommand,
  type RotateSecretCommandInput,
  type RotationRulesType,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, refusal } from './endpoint.ts';
import { makeRotationFunction, type RotationFunction } from './rotation-function.ts';
import { openSecrets, type Secrets, token } from './secrets.ts';

let secrets: Secrets;
let rotator: RotationFunction;

beforeAll(async () => {
  secrets = await openSecrets();
  rotator = await makeRotationFunction(secrets);
}, 120_000);
afterAll(async () => {
  await rotator?.remove();
  await secrets.close();
});

const DAY_MILLISECONDS = 86_400_000;
const rotate = (SecretId: string, input: Partial<RotateSecretCommandInput> = {}) =>
  secrets.send(new RotateSecretCommand({ SecretId, ...input }));
const describeOf = (SecretId: string) => secrets.send(new DescribeSecretCommand({ SecretId }));
const unfinished = {
  code: 'InvalidRequestException',
  message: "A previous rotation isn't complete. That rotation will be reattempted.",
  status: 400,
};

/** Waits until the version is current and the service has dropped AWSPENDING. */
const rotated = (arn: string, versionId: string) =>
  eventually(async () => {
    const { VersionIdsToStages, LastRotatedDate } = await describeOf(arn);
    const labels = VersionIdsToStages![versionId] ?? [];
    return labels.includes('AWSCURRENT') && !labels.includes('AWSPENDING') && LastRotatedDate ? true : undefined;
  });

describe('before a function may be called', () => {
  test('without one: refused, and nothing is set up', async () => {
    const { arn } = await secrets.make('no-function', { SecretString: '{}' });
    expect(await refusal(rotate(arn, { RotationRules: { AutomaticallyAfterDays: 1 } }))).toEqual({
      code: 'InvalidRequestException',
      message: 'No Lambda rotation function ARN is associated with this secret.',
      status: 400,
    });
    expect(await describeOf(arn)).not.toHaveProperty('RotationEnabled');
    expect(await refusal(secrets.send(new CancelRotateSecretCommand({ SecretId: arn })))).toMatchObject({
      code: 'InvalidRequestException',
    });
  });

  test.each([
    ['that is not there', () => rotator.arn.replace(/[^:]+$/, 'not-there')],
    ['whose policy does not let Secrets Manager in', () => rotator.arn],
  ])('with one %s', async (_name, functionArn) => {
    const { arn } = await secrets.make('not-allowed', { SecretString: '{}' });
    const input = { RotationLambdaARN: functionArn(), RotationRules: { AutomaticallyAfterDays: 1 } };
    expect(await refusal(rotate(arn, input))).toEqual({
      code: 'AccessDeniedException',
      message:
        'Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.',
      status: 400,
    });
    const described = await describeOf(arn);
    for (const member of ['RotationEnabled', 'RotationRules', 'RotationLambdaARN', 'NextRotationDate']) {
      expect(described).not.toHaveProperty(member);
    }
  });
});

describe('with a function', () => {
  beforeAll(() => rotator.allow());

  test('four steps with one token; the candidate is empty at first, and current in the end', async () => {
    const { arn, versionId } = await secrets.make('rotated', { SecretString: '{}' });
    const answer = await rotate(arn, {
      RotationLambdaARN: rotator.arn,
      RotationRules: { AutomaticallyAfterDays: 1 },
    });
    expect(answer).toMatchObject({ ARN: arn, VersionId: expect.any(String) });
    await rotated(arn, answer.VersionId!);

    expect(await secrets.labels(arn)).toEqual({
      [versionId!]: ['AWSPREVIOUS'],
      [answer.VersionId!]: ['AWSCURRENT'],
    });
    expect(await secrets.read(arn)).toBe(JSON.stringify({ made: answer.VersionId }));
    const seen = await rotator.seen(arn);
    expect(seen.map(({ step }) => step)).toEqual(['createSecret', 'setSecret', 'testSecret', 'finishSecret']);
    expect(new Set(seen.map((each) => each.token))).toEqual(new Set([answer.VersionId]));
    for (const each of seen) expect(each.labels).toEqual(['AWSPENDING']);
    expect(seen[0]!.pending).toContain('ResourceNotFoundException');
    expect(seen[3]!.pending).toBe(JSON.stringify({ made: answer.VersionId }));
    // A rotation function that assumes a role hands it on; it is the same for all steps.
    expect(new Set(seen.map(({ rotationToken }) => rotationToken)).size).toBe(1);
    expect(seen[0]!.rotationToken).toMatch(/^[a-zA-Z0-9-]{36,256}$/);
  });

  test('the description: function, rules, when it was and when it will be', async () => {
    const { arn } = await secrets.make('described', { SecretString: '{}' });
    const { VersionId } = await rotate(arn, {
      RotationLambdaARN: rotator.arn,
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
    await rotated(arn, VersionId!);
    const described = await describeOf(arn);
    expect(described).toMatchObject({
      RotationEnabled: true,
      RotationLambdaARN: rotator.arn,
      RotationRules: { AutomaticallyAfterDays: 30 },
      LastRotatedDate: expect.any(Date),
    });
    // The last second of the day that is thirty days on.
    const next = described.NextRotationDate!.getTime();
    expect((next + 1_000) % DAY_MILLISECONDS).toBe(0);
    const today = Math.floor(described.LastRotatedDate!.getTime() / DAY_MILLISECONDS) * DAY_MILLISECONDS;
    expect((next + 1_000 - today) / DAY_MILLISECONDS).toBe(31);
  });

  test('again, with nothing more to say', async () => {
    const { arn } = await secrets.make('again', { SecretString: '{}' });
    const first = await rotate(arn, { RotationLambdaARN: rotator.arn });
    await rotated(arn, first.VersionId!);
    const ClientRequestToken = token();
    const second = await rotate(arn, { ClientRequestToken });
    expect(second.VersionId).toBe(ClientRequestToken);
    await eventually(async () =>
      (await secrets.labels(arn))[ClientRequestToken]?.[0] === 'AWSCURRENT' ? true : undefined,
    );
    expect((await secrets.labels(arn))[first.VersionId!]).toEqual(['AWSPREVIOUS']);
  });

  test('not at once: testSecret alone, on a version of the current value that is taken away again', async () => {
    const { arn, versionId } = await secrets.make('tested', { SecretString: '{"old":1}' });
    await rotate(arn, {
      RotationLambdaARN: rotator.arn,
      RotationRules: { AutomaticallyAfterDays: 30 },
      RotateImmediately: false,
    });
    const seen = await eventually(async () => {
      const all = await rotator.seen(arn);
      return all.length > 0 ? all : undefined;
    });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ step: 'testSecret', labels: ['AWSPENDING'], pending: '{"old":1}' });
    expect(seen[0]!.token).not.toBe(versionId);
    await eventually(async () => (Object.keys(await secrets.labels(arn)).length === 1 ? true : undefined));
    expect(await secrets.labels(arn)).toEqual({ [versionId!]: ['AWSCURRENT'] });
    const described = await describeOf(arn);
    expect(described.RotationEnabled).toBe(true);
    expect(described).not.toHaveProperty('LastRotatedDate');
  });

  test('a step that fails: tried again with the same tokens, in the way of others, until a value is put', async () => {
    const { arn } = await secrets.make('failing', { SecretString: '{"fail":"setSecret"}' });
    const { VersionId } = await rotate(arn, { RotationLambdaARN: rotator.arn });
    const seen = await eventually(async () => {
      const all = await rotator.seen(arn);
      return all.filter(({ step }) => step === 'setSecret').length >= 2 ? all : undefined;
    }, 300);
    expect(seen.slice(0, 4).map(({ step }) => step)).toEqual([
      'createSecret',
      'setSecret',
      'createSecret',
      'setSecret',
    ]);
    expect(new Set(seen.map((each) => `${each.token} ${each.rotationToken}`)).size).toBe(1);
    expect((await secrets.labels(arn))[VersionId!]).toEqual(['AWSPENDING']);
    expect(await refusal(rotate(arn))).toEqual(unfinished);
    // The same request again is no other rotation.
    expect((await rotate(arn, { ClientRequestToken: VersionId })).VersionId).toBe(VersionId);

    const put = await secrets.put(arn, '{}');
    expect(await secrets.labels(arn)).not.toHaveProperty(VersionId!);
    expect((await secrets.labels(arn))[put]).toEqual(['AWSCURRENT']);
    const next = await rotate(arn);
    await rotated(arn, next.VersionId!);
  }, 400_000);

  test('AWSPENDING that somebody put is an unfinished rotation, too; moved to the current version it is none', async () => {
    const { arn, versionId } = await secrets.make('left-over', { SecretString: '{"fail":"createSecret"}' });
    await rotate(arn, { RotationLambdaARN: rotator.arn, RotateImmediately: false });
    await eventually(async () => ((await rotator.seen(arn)).length > 0 ? true : undefined));
    await eventually(async () => (Object.keys(await secrets.labels(arn)).length === 1 ? true : undefined));
    const pending = await secrets.put(arn, '{}', { VersionStages: ['AWSPENDING'] });
    expect(await refusal(rotate(arn))).toEqual(unfinished);
    expect(await secrets.labels(arn)).toEqual({ [versionId!]: ['AWSCURRENT'], [pending]: ['AWSPENDING'] });
    const move = { VersionStage: 'AWSPENDING', RemoveFromVersionId: pending, MoveToVersionId: versionId };
    await secrets.send(new UpdateSecretVersionStageCommand({ SecretId: arn, ...move }));
    const next = await rotate(arn);
    expect((await secrets.labels(arn))[next.VersionId!]).toEqual(['AWSPENDING']);
    await secrets.put(arn, '{}');
  });

  test('called off: no more schedule, the function is remembered', async () => {
    const { arn } = await secrets.make('cancelled', { SecretString: '{}' });
    const { VersionId } = await rotate(arn, {
      RotationLambdaARN: rotator.arn,
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
    await rotated(arn, VersionId!);
    const answer = await secrets.send(new CancelRotateSecretCommand({ SecretId: arn }));
    expect(answer.ARN).toBe(arn);
    const described = await describeOf(arn);
    expect(described).toMatchObject({ RotationEnabled: false, RotationLambdaARN: rotator.arn });
    expect(described).not.toHaveProperty('NextRotationDate');
    const again = await rotate(arn);
    await rotated(arn, again.VersionId!);
    expect((await describeOf(arn)).RotationEnabled).toBe(true);
  });

  test.each<[string, RotationRulesType]>([
    ['days and an expression', { AutomaticallyAfterDays: 1, ScheduleExpression: 'rate(1 day)' }],
    ['a rate under four hours', { ScheduleExpression: 'rate(3 hours)' }],
    ['minutes in a rate', { ScheduleExpression: 'rate(300 minutes)' }],
    ['minutes in a cron expression', { ScheduleExpression: 'cron(15 10 * * ? *)' }],
    ['a year', { ScheduleExpression: 'cron(0 10 * * ? 2030)' }],
    ['a window into the next day', { ScheduleExpression: 'cron(0 23 * * ? *)', Duration: '2h' }],
    ['no expression at all', { ScheduleExpression: 'daily' }],
  ])('refuses %s', async (_name, RotationRules) => {
    const { arn } = await secrets.make('bad-rules', { SecretString: '{}' });
    const input = { RotationLambdaARN: rotator.arn, RotationRules, RotateImmediately: false };
    expect(await refusal(rotate(arn, input))).toMatchObject({ code: 'InvalidParameterException', status: 400 });
    expect(await describeOf(arn)).not.toHaveProperty('RotationRules');
  });

  test.each([0, 1001])('refuses %d days', async (AutomaticallyAfterDays) => {
    const { arn } = await secrets.make('bad-days', { SecretString: '{}' });
    const input = { RotationLambdaARN: rotator.arn, RotationRules: { AutomaticallyAfterDays } };
    expect(await refusal(rotate(arn, input))).toMatchObject({
      code: 'ValidationException',
      message: expect.stringContaining("at 'rotationRules.automaticallyAfterDays' failed to satisfy constraint"),
    });
  });
});
