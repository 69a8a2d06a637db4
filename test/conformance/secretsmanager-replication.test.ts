import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteResourcePolicyCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  RemoveRegionsFromReplicationCommand,
  ReplicateSecretToRegionsCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  StopReplicationToReplicaCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, refusal } from './endpoint.ts';
import { openSecrets, type Secrets } from './secrets.ts';

let secrets: Secrets;
let there: SecretsManagerClient;
let here: string;
let region: string;

beforeAll(async () => {
  secrets = await openSecrets();
  here = secrets.endpoint.region;
  region = here === 'us-west-2' ? 'us-east-1' : 'us-west-2';
  there = secrets.endpoint.client(SecretsManagerClient, { region });
});
afterAll(async () => {
  for (const arn of replicated) {
    await secrets.send(new RemoveRegionsFromReplicationCommand({ SecretId: arn, RemoveReplicaRegions: [region] }));
  }
  await secrets.close();
});

const replicated: string[] = [];
const replicaOf = (arn: string) => arn.replace(`:${here}:`, `:${region}:`);
const statusOf = async (arn: string) =>
  (await secrets.send(new DescribeSecretCommand({ SecretId: arn }))).ReplicationStatus?.[0];

/** A secret with a replica that has come to be. */
async function makeReplicated(subject: string) {
  const made = await secrets.make(subject, {
    SecretString: 'one',
    Description: 'about',
    Tags: [{ Key: 'k', Value: 'v' }],
    AddReplicaRegions: [{ Region: region }],
  });
  replicated.push(made.arn);
  await eventually(async () => ((await statusOf(made.arn))?.Status === 'InSync' ? true : undefined));
  return { ...made, replica: replicaOf(made.arn) };
}

describe('a replica', () => {
  test('has its primary’s name, suffix, value, labels, description and tags, and says whose it is', async () => {
    const { arn, name, replica } = await makeReplicated('replicated');
    const primary = await secrets.send(new DescribeSecretCommand({ SecretId: arn }));
    expect(primary).toMatchObject({ PrimaryRegion: here, ReplicationStatus: [{ Region: region, Status: 'InSync' }] });
    const described = await there.send(new DescribeSecretCommand({ SecretId: replica }));
    expect(described).toMatchObject({
      ARN: replica,
      Name: name,
      Description: 'about',
      Tags: [{ Key: 'k', Value: 'v' }],
      PrimaryRegion: here,
      VersionIdsToStages: primary.VersionIdsToStages,
    });
    expect((await there.send(new GetSecretValueCommand({ SecretId: name }))).SecretString).toBe('one');
  });

  test('follows', async () => {
    const { arn, replica } = await makeReplicated('followed');
    await secrets.put(arn, 'two');
    await eventually(async () => {
      const { SecretString } = await there.send(new GetSecretValueCommand({ SecretId: replica }));
      return SecretString === 'two' ? true : undefined;
    });
    const primary = await secrets.send(new DescribeSecretCommand({ SecretId: arn }));
    const described = await there.send(new DescribeSecretCommand({ SecretId: replica }));
    expect(described.VersionIdsToStages).toEqual(primary.VersionIdsToStages);
  });

  test('cannot be changed where it is', async () => {
    const { replica: SecretId } = await makeReplicated('read-only');
    const calls = [
      there.send(new UpdateSecretCommand({ SecretId, SecretString: 'x' })),
      there.send(new PutSecretValueCommand({ SecretId, SecretString: 'x' })),
      there.send(new TagResourceCommand({ SecretId, Tags: [{ Key: 'a', Value: 'b' }] })),
      there.send(new UntagResourceCommand({ SecretId, TagKeys: ['k'] })),
      there.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: '{}' })),
      there.send(new DeleteResourcePolicyCommand({ SecretId })),
      there.send(new DeleteSecretCommand({ SecretId })),
      there.send(new RestoreSecretCommand({ SecretId })),
      there.send(new RotateSecretCommand({ SecretId })),
      there.send(new CancelRotateSecretCommand({ SecretId })),
      there.send(new ReplicateSecretToRegionsCommand({ SecretId, AddReplicaRegions: [{ Region: here }] })),
      there.send(new RemoveRegionsFromReplicationCommand({ SecretId, RemoveReplicaRegions: [here] })),
    ];
    for (const call of calls) {
      expect(await refusal(call)).toEqual({
        code: 'InvalidParameterException',
        message: "Operation not permitted on a replica secret. Call must be made in primary secret's region.",
        status: 400,
      });
    }
  });

  test('becomes a secret of its own', async () => {
    const { arn, replica } = await makeReplicated('promoted');
    const { ARN } = await there.send(new StopReplicationToReplicaCommand({ SecretId: replica }));
    expect(ARN).toBe(replica);
    await eventually(async () => ((await statusOf(arn)) === undefined ? true : undefined));
    await there.send(new PutSecretValueCommand({ SecretId: replica, SecretString: 'own' }));
    expect(await secrets.read(arn)).toBe('one');
    await there.send(new DeleteSecretCommand({ SecretId: replica, ForceDeleteWithoutRecovery: true }));
  });
});

describe('a primary', () => {
  test('is not deleted before its replicas', async () => {
    const { arn, replica } = await makeReplicated('guarded');
    expect(await refusal(secrets.send(new DeleteSecretCommand({ SecretId: arn })))).toMatchObject({
      code: 'InvalidParameterException',
      message: expect.stringContaining(`You can't delete secret ${arn} that still has replica regions [${region}]`),
    });
    const remove = new RemoveRegionsFromReplicationCommand({ SecretId: arn, RemoveReplicaRegions: [region] });
    await secrets.send(remove);
    expect(await secrets.send(remove)).toMatchObject({ ARN: arn, ReplicationStatus: [] });
    await eventually(async () => {
      const found = there.send(new DescribeSecretCommand({ SecretId: replica }));
      return await found.then(
        () => undefined,
        (error: Error) => error.name === 'ResourceNotFoundException' || undefined,
      );
    });
  });

  test('is told which of the regions it asked for has the name already', async () => {
    const { arn, name } = await secrets.make('taken', { SecretString: 'mine' });
    await there.send(new CreateSecretCommand({ Name: name, SecretString: 'yours' }));
    const AddReplicaRegions = [{ Region: region }];
    await secrets.send(new ReplicateSecretToRegionsCommand({ SecretId: arn, AddReplicaRegions }));
    const failed = await eventually(async () => {
      const status = await statusOf(arn);
      return status?.Status === 'Failed' ? status : undefined;
    });
    expect(failed.StatusMessage).toContain(`already exists in region ${region}`);
    expect((await there.send(new GetSecretValueCommand({ SecretId: name }))).SecretString).toBe('yours');

    await secrets.send(
      new ReplicateSecretToRegionsCommand({ SecretId: arn, AddReplicaRegions, ForceOverwriteReplicaSecret: true }),
    );
    replicated.push(arn);
    await eventually(async () => ((await statusOf(arn))?.Status === 'InSync' ? true : undefined));
    expect((await there.send(new GetSecretValueCommand({ SecretId: replicaOf(arn) }))).SecretString).toBe('mine');
  });

  test('has no replica in its own region, and none is made by asking', async () => {
    const Name = secrets.name('own-region');
    const create = new CreateSecretCommand({ Name, SecretString: 'v', AddReplicaRegions: [{ Region: here }] });
    expect(await refusal(secrets.send(create))).toMatchObject({
      code: 'InvalidParameterException',
      message: 'Invalid replica region.',
    });
    expect(await refusal(secrets.read(Name))).toMatchObject({ code: 'ResourceNotFoundException' });
  });
});

test('an endpoint knows the secrets of its own region only', async () => {
  const { arn } = await secrets.make('elsewhere', { SecretString: 'v' });
  expect(await refusal(there.send(new GetSecretValueCommand({ SecretId: arn })))).toMatchObject({
    code: 'ResourceNotFoundException',
  });
  const { SecretList } = await there.send(
    new ListSecretsCommand({ Filters: [{ Key: 'name', Values: [arn.split(':').at(-1)!.slice(0, -7)] }] }),
  );
  expect(SecretList).toEqual([]);
});
