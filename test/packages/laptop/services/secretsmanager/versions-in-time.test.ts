import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ManualClock } from '../../../../../packages/laptop/clock.ts';
import { type Laptop, startLaptop } from './laptop.ts';

const DAY_MILLISECONDS = 86_400_000;
let clock: ManualClock;
let laptop: Laptop;

beforeEach(async () => {
  clock = new ManualClock(new Date('2026-03-01T12:00:00Z'));
  laptop = await startLaptop({ clock });
});
afterEach(() => laptop.cloud.close());

async function allVersions(): Promise<string[]> {
  const ids: string[] = [];
  let NextToken: string | undefined;
  do {
    const page = await laptop.ask('ListSecretVersionIds', { SecretId: 's', IncludeDeprecated: true, NextToken });
    ids.push(...page.Versions.map(({ VersionId }: { VersionId: string }) => VersionId));
    NextToken = page.NextToken;
  } while (NextToken);
  return ids;
}

const put = (value: string, more: object = {}) =>
  laptop.ask('PutSecretValue', { SecretId: 's', SecretString: value, ...more });

test('unlabelled versions above a hundred go, the oldest first, none younger than a day; labelled ones never', async () => {
  const { VersionId: kept } = await laptop.ask('CreateSecret', { Name: 's', SecretString: 'v' });
  await laptop.ask('UpdateSecretVersionStage', { SecretId: 's', VersionStage: 'keep', MoveToVersionId: kept });
  const { VersionId: oldest } = await put('oldest');
  for (let count = 0; count < 129; count += 1) await put(`value ${count}`);
  expect(await allVersions()).toHaveLength(131);
  await clock.advance(DAY_MILLISECONDS - 1);
  await put('just before a day');
  expect(await allVersions()).toHaveLength(132);
  await clock.advance(1);
  await put('a day');
  const left = await allVersions();
  // A hundred without a label, and keep, AWSPREVIOUS and AWSCURRENT.
  expect(left).toHaveLength(103);
  expect(left).toContain(kept);
  expect(left).not.toContain(oldest);
  expect((await laptop.refusal('GetSecretValue', { SecretId: 's', VersionId: oldest })).code).toBe(
    'ResourceNotFoundException',
  );
});

test('a secret is there to be restored until its window has passed', async () => {
  await laptop.ask('CreateSecret', { Name: 's', SecretString: 'v' });
  const { DeletionDate } = await laptop.ask('DeleteSecret', { SecretId: 's', RecoveryWindowInDays: 7 });
  expect(DeletionDate).toEqual(new Date('2026-03-08T12:00:00Z'));
  await clock.advance(7 * DAY_MILLISECONDS - 1);
  await laptop.ask('DescribeSecret', { SecretId: 's' });
  await clock.advance(1);
  for (const operation of ['DescribeSecret', 'RestoreSecret']) {
    expect((await laptop.refusal(operation, { SecretId: 's' })).code).toBe('ResourceNotFoundException');
  }
  expect((await laptop.ask('ListSecrets', { IncludePlannedDeletion: true })).SecretList).toEqual([]);
  await laptop.ask('CreateSecret', { Name: 's', SecretString: 'w' });
});

test('the day of the last access is shown, the hour not', async () => {
  await laptop.ask('CreateSecret', { Name: 's', SecretString: 'v' });
  await clock.advance(DAY_MILLISECONDS);
  await laptop.ask('GetSecretValue', { SecretId: 's' });
  const { LastAccessedDate, CreatedDate, LastChangedDate } = await laptop.ask('DescribeSecret', { SecretId: 's' });
  expect(LastAccessedDate).toEqual(new Date('2026-03-02T00:00:00Z'));
  expect([CreatedDate, LastChangedDate]).toEqual([new Date('2026-03-01T12:00:00Z'), new Date('2026-03-01T12:00:00Z')]);
});

test.each([
  ['UpdateSecret', { Description: 'x' }],
  ['PutSecretValue', { SecretString: 'x' }],
  ['TagResource', { Tags: [{ Key: 'a', Value: 'b' }] }],
  ['DeleteSecret', { RecoveryWindowInDays: 7 }],
  [
    'PutResourcePolicy',
    {
      ResourcePolicy:
        '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"secretsmanager:TagResource","Resource":"*"}}',
    },
  ],
])('%s is a change', async (operation, input) => {
  await laptop.ask('CreateSecret', { Name: 's', SecretString: 'v' });
  await clock.advance(1_000);
  await laptop.ask(operation, { SecretId: 's', ...input });
  const { LastChangedDate } = await laptop.ask('DescribeSecret', { SecretId: 's' });
  expect(LastChangedDate).toEqual(clock.now());
});
