import { DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { type Observer, observeSecret } from '../../../pipeline/audit/observe-secret.ts';
import { ago, settingsWith } from './seen.ts';

const nobodyIsAsked = { send: async () => ({}) };

/** Labels as each look finds them, the last one again and again; `listed` are the versions that have a date. */
function observing(looks: Record<string, string[]>[], listed: string[]): Observer & { looked: () => number } {
  let look = 0;
  const send = async (command: unknown) => {
    if (!(command instanceof DescribeSecretCommand))
      return { Versions: listed.map((VersionId) => ({ VersionId, CreatedDate: ago(1) })) };
    const VersionIdsToStages = looks[Math.min(look, looks.length - 1)];
    look += 1;
    return { ARN: 'arn', Name: 'app/db', VersionIdsToStages };
  };
  return {
    ...{ secretsManager: { send }, ssm: nobodyIsAsked, dynamodb: nobodyIsAsked, lambda: nobodyIsAsked },
    ...{ settingsPrefix: '/keyturn/keyturn', historyTableName: 'history', compareMirrorFunctionArn: 'none' },
    verifyFunctionArns: {},
    running: { isRotating: () => false, isRetiring: () => false },
    sleep: async () => undefined,
    looked: () => look,
  } as unknown as Observer & { looked: () => number };
}

const settings = settingsWith({ rotated: false });
const tried = { v1: ['AWSCURRENT'], v2: ['AWSPENDING'] };

test('a candidate that goes between the look at the labels and the one at the dates is no finding of anybody', async () => {
  const { secret, pendingSince } = await observeSecret(observing([tried, { v1: ['AWSCURRENT'] }], ['v1']), settings);
  expect(secret.versionWith('AWSPENDING')).toBeUndefined();
  expect(pendingSince).toBeUndefined();
});

test('a candidate that stays, and of which Secrets Manager tells no date, is seen', async () => {
  const observer = observing([tried], ['v1']);
  const { secret, pendingSince } = await observeSecret(observer, settings);
  expect(secret.versionWith('AWSPENDING')).toBe('v2');
  expect(pendingSince).toBeUndefined();
  expect(observer.looked()).toBe(2);
});

test('a candidate with a date is not looked at twice', async () => {
  const observer = observing([tried], ['v1', 'v2']);
  expect((await observeSecret(observer, settings)).pendingSince).toEqual(ago(1));
  expect(observer.looked()).toBe(1);
});
