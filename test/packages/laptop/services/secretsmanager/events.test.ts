import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { eventually } from '../eventually.ts';
import { type Laptop, rotatorArn, rotatorFor, startLaptop } from './laptop.ts';

let laptop: Laptop;
beforeEach(async () => {
  laptop = await startLaptop();
});
afterEach(() => laptop.cloud.close());

const moved = () => laptop.events.map(({ detail }) => [detail.labelUpdated, detail.versionId]);

test('an event says which label moved to which version of which secret', async () => {
  const { ARN, VersionId } = await laptop.ask('CreateSecret', { Name: 'app/db', SecretString: 'v' });
  expect(laptop.events).toEqual([
    {
      source: 'aws.secretsmanager',
      detailType: 'Secret Label Updated',
      resources: [ARN],
      region: 'us-east-1',
      detail: { name: 'app/db', labelUpdated: 'AWSCURRENT', versionId: VersionId },
    },
  ]);
});

test('of AWSCURRENT and of labels of one’s own, not of AWSPENDING and AWSPREVIOUS, nor of what only left', async () => {
  const { VersionId: one } = await laptop.ask('CreateSecret', { Name: 's', SecretString: 'one' });
  const labels = ['AWSPENDING', 'KEYTURN'];
  const put = { SecretId: 's', SecretString: 'two', VersionStages: labels };
  const { VersionId: two } = await laptop.ask('PutSecretValue', put);
  const move = (VersionStage: string, RemoveFromVersionId: string, MoveToVersionId?: string) =>
    laptop.ask('UpdateSecretVersionStage', { SecretId: 's', VersionStage, RemoveFromVersionId, MoveToVersionId });
  await move('AWSCURRENT', one, two);
  await move('KEYTURN', two);
  await move('AWSCURRENT', two, one);
  await laptop.ask('UpdateSecret', { SecretId: 's', Description: 'no label moved' });
  await laptop.ask('TagResource', { SecretId: 's', Tags: [{ Key: 'a', Value: 'b' }] });
  expect(moved()).toEqual([
    ['AWSCURRENT', one],
    ['KEYTURN', two],
    ['AWSCURRENT', two],
    ['AWSCURRENT', one],
  ]);
});

test('a put that says nothing new sends nothing', async () => {
  const { VersionId: ClientRequestToken } = await laptop.ask('CreateSecret', { Name: 's', SecretString: 'v' });
  await laptop.ask('PutSecretValue', { SecretId: 's', SecretString: 'v', ClientRequestToken });
  expect(laptop.events).toHaveLength(1);
});

test('a native rotation is one event, at its promotion', async () => {
  laptop.functions.set(rotatorArn, rotatorFor(laptop));
  const { VersionId: one } = await laptop.ask('CreateSecret', { Name: 's', SecretString: 'v' });
  const { VersionId: two } = await laptop.ask('RotateSecret', { SecretId: 's', RotationLambdaARN: rotatorArn });
  await eventually(async () => (await laptop.ask('DescribeSecret', { SecretId: 's' })).LastRotatedDate);
  expect(moved()).toEqual([
    ['AWSCURRENT', one],
    ['AWSCURRENT', two],
  ]);
});
