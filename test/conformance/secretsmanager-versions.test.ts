import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretVersionIdsCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal } from './endpoint.ts';
import { openSecrets, type Secrets } from './secrets.ts';

let secrets: Secrets;
beforeAll(async () => {
  secrets = await openSecrets();
});
afterAll(() => secrets.close());

const move = (SecretId: string, VersionStage: string, ids: { from?: string; to?: string }) =>
  secrets.send(
    new UpdateSecretVersionStageCommand({
      SecretId,
      VersionStage,
      ...(ids.from && { RemoveFromVersionId: ids.from }),
      ...(ids.to && { MoveToVersionId: ids.to }),
    }),
  );

/** A secret with a current version and one more under the given labels. */
async function twoVersions(...VersionStages: string[]) {
  const { arn, versionId } = await secrets.make('two', { SecretString: 'one' });
  return { arn, one: versionId!, two: await secrets.put(arn, 'two', { VersionStages }) };
}

describe('labels that come with a value', () => {
  test('by default AWSCURRENT moves, and leaves AWSPREVIOUS behind', async () => {
    const { arn, versionId: one } = await secrets.make('puts', { SecretString: 'one' });
    const two = await secrets.put(arn, 'two');
    const three = await secrets.put(arn, 'three');
    expect(await secrets.labels(arn)).toEqual({ [two]: ['AWSPREVIOUS'], [three]: ['AWSCURRENT'] });
    expect(await secrets.versions(arn)).toEqual({ [two]: ['AWSPREVIOUS'], [three]: ['AWSCURRENT'] });
    expect(await secrets.versions(arn, true)).toEqual({ [one!]: [], [two]: ['AWSPREVIOUS'], [three]: ['AWSCURRENT'] });
    expect(await secrets.read(arn, { VersionId: one! })).toBe('one');
  });

  test('labels of one’s own are taken from wherever they were, one by one', async () => {
    const { arn, one, two } = await twoVersions('alpha', 'beta', 'gamma');
    const three = await secrets.put(arn, 'three', { VersionStages: ['alpha', 'beta', 'delta'] });
    expect(await secrets.labels(arn)).toEqual({
      [one]: ['AWSCURRENT'],
      [two]: ['gamma'],
      [three]: ['alpha', 'beta', 'delta'],
    });
    const four = await secrets.put(arn, 'four', { VersionStages: ['gamma'] });
    expect(await secrets.labels(arn)).toEqual({
      [one]: ['AWSCURRENT'],
      [three]: ['alpha', 'beta', 'delta'],
      [four]: ['gamma'],
    });
  });

  test('AWSPENDING beside AWSCURRENT is taken off by the next default put', async () => {
    const { arn, one, two } = await twoVersions('AWSPENDING');
    await move(arn, 'AWSCURRENT', { from: one, to: two });
    expect(await secrets.labels(arn)).toEqual({ [one]: ['AWSPREVIOUS'], [two]: ['AWSCURRENT', 'AWSPENDING'] });
    const three = await secrets.put(arn, 'three');
    expect(await secrets.labels(arn)).toEqual({ [two]: ['AWSPREVIOUS'], [three]: ['AWSCURRENT'] });
  });

  test('a default put takes AWSPENDING off a candidate, too', async () => {
    const { arn, one, two } = await twoVersions('AWSPENDING');
    const three = await secrets.put(arn, 'three');
    expect(await secrets.labels(arn)).toEqual({ [one]: ['AWSPREVIOUS'], [three]: ['AWSCURRENT'] });
    expect(await secrets.versions(arn, true)).toMatchObject({ [two]: [] });
  });

  test('twenty over all versions of a secret, and not one more', async () => {
    const labels = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => `label-${from + index}`);
    const { arn, one, two } = await twoVersions(...labels(0, 19));
    expect(await refusal(secrets.put(arn, 'three', { VersionStages: ['one-more'] }))).toMatchObject({
      code: 'LimitExceededException',
    });
    expect(await secrets.labels(arn)).toEqual({ [one]: ['AWSCURRENT'], [two]: labels(0, 19).sort() });
    expect(await refusal(secrets.put(arn, 'three', { VersionStages: labels(100, 21) }))).toMatchObject({
      code: 'ValidationException',
    });
  });
});

describe('UpdateSecretVersionStage', () => {
  test('moves AWSCURRENT, there and back; AWSPREVIOUS goes where it came from', async () => {
    const { arn, one, two } = await twoVersions('AWSPENDING');
    await move(arn, 'AWSCURRENT', { from: one, to: two });
    expect(await secrets.labels(arn)).toEqual({ [one]: ['AWSPREVIOUS'], [two]: ['AWSCURRENT', 'AWSPENDING'] });
    await move(arn, 'AWSCURRENT', { from: two, to: one });
    expect(await secrets.labels(arn)).toEqual({ [one]: ['AWSCURRENT'], [two]: ['AWSPENDING', 'AWSPREVIOUS'] });
    expect(await secrets.read(arn)).toBe('one');
  });

  test('answers ARN and name', async () => {
    const { arn, two } = await twoVersions('mine');
    const { $metadata: _, ...answer } = await move(arn, 'mine', { from: two });
    expect(answer).toEqual({ ARN: arn, Name: expect.any(String) });
    expect(await secrets.versions(arn, true)).toMatchObject({ [two]: [] });
  });

  test.each(['AWSCURRENT', 'AWSPENDING', 'custom'])('%s that is attached must be named where it is', async (stage) => {
    const { arn, one, two } = await twoVersions('AWSPENDING', 'custom');
    const holder = stage === 'AWSCURRENT' ? one : two;
    const target = stage === 'AWSCURRENT' ? two : one;
    expect(await refusal(move(arn, stage, { to: target }))).toEqual({
      code: 'InvalidParameterException',
      message: `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
      status: 400,
    });
    expect(await refusal(move(arn, stage, { from: target, to: target }))).toMatchObject({
      code: 'InvalidParameterException',
    });
    expect(await secrets.labels(arn)).toEqual({ [one]: ['AWSCURRENT'], [two]: ['AWSPENDING', 'custom'] });
  });

  test('a label that is nowhere is attached without further ado', async () => {
    const { arn, one } = await twoVersions('AWSPENDING');
    await move(arn, 'fresh', { to: one });
    expect((await secrets.labels(arn))[one]).toEqual(['AWSCURRENT', 'fresh']);
  });

  test('AWSCURRENT cannot be taken away', async () => {
    const { arn, one } = await twoVersions('AWSPENDING');
    expect(await refusal(move(arn, 'AWSCURRENT', { from: one }))).toEqual({
      code: 'InvalidParameterException',
      message:
        'You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed.',
      status: 400,
    });
  });

  test('the last label off a version hides it', async () => {
    const { arn, one, two } = await twoVersions('AWSPENDING');
    await move(arn, 'AWSPENDING', { from: two });
    expect(await secrets.versions(arn)).toEqual({ [one]: ['AWSCURRENT'] });
    expect(await secrets.read(arn, { VersionId: two })).toBe('two');
  });

  test('a version that is not there', async () => {
    const { arn } = await twoVersions('AWSPENDING');
    const to = '00000000-0000-4000-8000-000000000000';
    expect(await refusal(move(arn, 'fresh', { to }))).toMatchObject({ code: 'ResourceNotFoundException', status: 400 });
  });
});

describe('GetSecretValue', () => {
  test('by id, by label, by both', async () => {
    const { arn, one, two } = await twoVersions('AWSPENDING');
    expect(await secrets.read(arn)).toBe('one');
    expect(await secrets.read(arn, { VersionStage: 'AWSPENDING' })).toBe('two');
    expect(await secrets.read(arn, { VersionId: two })).toBe('two');
    expect(await secrets.read(arn, { VersionId: one, VersionStage: 'AWSCURRENT' })).toBe('one');
    const both = refusal(secrets.read(arn, { VersionId: one, VersionStage: 'AWSPENDING' }));
    expect(await both).toEqual({
      code: 'InvalidRequestException',
      message: 'You provided a VersionStage that is not associated to the provided VersionId.',
      status: 400,
    });
  });

  test('answers what it found and when that was made', async () => {
    const { arn, one } = await twoVersions('AWSPENDING');
    const { $metadata: _, ...value } = await secrets.send(new GetSecretValueCommand({ SecretId: arn }));
    expect(value).toEqual({
      ARN: arn,
      Name: expect.any(String),
      VersionId: one,
      SecretString: 'one',
      VersionStages: ['AWSCURRENT'],
      CreatedDate: expect.any(Date),
    });
    expect(Math.abs(value.CreatedDate!.getTime() - Date.now())).toBeLessThan(300_000);
  });

  test('a label and a version that are not there', async () => {
    const { arn } = await twoVersions('AWSPENDING');
    const id = '00000000-0000-4000-8000-000000000000';
    expect((await refusal(secrets.read(arn, { VersionStage: 'AWSPREVIOUS' }))).message).toBe(
      "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS",
    );
    expect((await refusal(secrets.read(arn, { VersionId: id }))).message).toBe(
      `Secrets Manager can't find the specified secret value for VersionId: ${id}`,
    );
  });

  test('reading shows as a day, on the secret and on the version that was read', async () => {
    const { arn, one, two } = await twoVersions('AWSPENDING');
    const described = () => secrets.send(new DescribeSecretCommand({ SecretId: arn }));
    expect(await described()).not.toHaveProperty('LastAccessedDate');
    await secrets.read(arn);
    const { LastAccessedDate } = await described();
    expect(LastAccessedDate!.getTime() % 86_400_000).toBe(0);
    expect(Date.now() - LastAccessedDate!.getTime()).toBeLessThan(2 * 86_400_000);
    const { Versions } = await secrets.send(new ListSecretVersionIdsCommand({ SecretId: arn }));
    const accessed = Object.fromEntries(Versions!.map((version) => [version.VersionId, version.LastAccessedDate]));
    expect(accessed[one]).toEqual(LastAccessedDate);
    expect(accessed[two]).toBeUndefined();
  });
});

describe('ListSecretVersionIds', () => {
  test('each with its date and key, deprecated ones only when asked for', async () => {
    const { arn } = await secrets.make('listed', { SecretString: 'one' });
    await secrets.put(arn, 'two');
    await secrets.put(arn, 'three');
    const { Versions, ARN } = await secrets.send(
      new ListSecretVersionIdsCommand({ SecretId: arn, IncludeDeprecated: true }),
    );
    expect(ARN).toBe(arn);
    expect(Versions).toHaveLength(3);
    for (const version of Versions!) {
      expect(version).toMatchObject({ CreatedDate: expect.any(Date), KmsKeyIds: ['DefaultEncryptionKey'] });
    }
    expect(Versions!.filter(({ VersionStages }) => VersionStages === undefined)).toHaveLength(1);
  });

  test('in pages, which together are the whole', async () => {
    const { arn } = await secrets.make('paged', { SecretString: 'v' });
    for (const value of ['a', 'b', 'c', 'd']) await secrets.put(arn, value);
    const seen: (string | undefined)[] = [];
    let NextToken: string | undefined;
    let pages = 0;
    do {
      const page = await secrets.send(
        new ListSecretVersionIdsCommand({ SecretId: arn, IncludeDeprecated: true, MaxResults: 2, NextToken }),
      );
      expect(page.Versions!.length).toBeLessThanOrEqual(2);
      seen.push(...page.Versions!.map(({ VersionId }) => VersionId));
      NextToken = page.NextToken;
      pages += 1;
    } while (NextToken);
    expect(pages).toBeGreaterThanOrEqual(3);
    expect(new Set(seen).size).toBe(5);
  });

  test('a token that is none, a page that is too long', async () => {
    const { arn } = await secrets.make('page-faults', { SecretString: 'v' });
    const list = (input: object) => secrets.send(new ListSecretVersionIdsCommand({ SecretId: arn, ...input }));
    expect(await refusal(list({ NextToken: 'nonsense' }))).toMatchObject({ code: 'InvalidNextTokenException' });
    expect((await refusal(list({ MaxResults: 101 }))).message).toBe(
      "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100",
    );
  });
});

test('PutSecretValue needs a value', async () => {
  const { arn } = await secrets.make('valueless', { SecretString: 'v' });
  expect(await refusal(secrets.send(new PutSecretValueCommand({ SecretId: arn })))).toEqual({
    code: 'InvalidRequestException',
    message: 'You must provide either SecretString or SecretBinary.',
    status: 400,
  });
});
