import {
  CancelRotateSecretCommand,
  CreateSecretCommand,
  DeleteSecretCommand,
  type DeleteSecretCommandInput,
  DescribeSecretCommand,
  GetResourcePolicyCommand,
  ListSecretVersionIdsCommand,
  RestoreSecretCommand,
  RotateSecretCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, refusal } from './endpoint.ts';
import { openSecrets, type Secrets } from './secrets.ts';

let secrets: Secrets;
beforeAll(async () => {
  secrets = await openSecrets();
});
afterAll(() => secrets.close());

const DAY_MILLISECONDS = 86_400_000;
const drop = (SecretId: string, input: Partial<DeleteSecretCommandInput> = {}) =>
  secrets.send(new DeleteSecretCommand({ SecretId, ...input }));
const describeOf = (SecretId: string) => secrets.send(new DescribeSecretCommand({ SecretId }));

describe('a deletion with a recovery window', () => {
  test.each([
    [undefined, 30],
    [7, 7],
    [30, 30],
  ])('of %s days ends in %d days', async (RecoveryWindowInDays, days) => {
    const { name, arn } = await secrets.make('window', { SecretString: 'v' });
    const { $metadata: _, ...answer } = await drop(name, { RecoveryWindowInDays });
    expect(answer).toEqual({ ARN: arn, Name: name, DeletionDate: expect.any(Date) });
    expect(Math.abs(answer.DeletionDate!.getTime() - Date.now() - days * DAY_MILLISECONDS)).toBeLessThan(300_000);
    expect((await describeOf(arn)).DeletedDate).toBeInstanceOf(Date);
  });

  test('hides the value, and is refused every change until it is called off', async () => {
    const { name, arn } = await secrets.make('marked', { SecretString: 'v', Tags: [{ Key: 'k', Value: 'v' }] });
    await drop(arn);
    const marked = {
      code: 'InvalidRequestException',
      message: "You can't perform this operation on the secret because it was marked for deletion.",
      status: 400,
    };
    const calls = [
      secrets.read(arn),
      secrets.put(arn, 'w'),
      secrets.send(new UpdateSecretCommand({ SecretId: arn, Description: 'x' })),
      secrets.send(new TagResourceCommand({ SecretId: arn, Tags: [{ Key: 'a', Value: 'b' }] })),
      secrets.send(new UntagResourceCommand({ SecretId: arn, TagKeys: ['k'] })),
      secrets.send(new RotateSecretCommand({ SecretId: arn })),
      secrets.send(new CancelRotateSecretCommand({ SecretId: arn })),
      secrets.send(new GetResourcePolicyCommand({ SecretId: arn })),
    ];
    for (const call of calls) expect(await refusal(call)).toEqual(marked);
    expect(await refusal(secrets.send(new CreateSecretCommand({ Name: name, SecretString: 'v' })))).toEqual({
      code: 'InvalidRequestException',
      message: "You can't create this secret because a secret with this name is already scheduled for deletion.",
      status: 400,
    });
    const { Versions } = await secrets.send(new ListSecretVersionIdsCommand({ SecretId: arn }));
    expect(Versions).toHaveLength(1);

    const { $metadata: _, ...restored } = await secrets.send(new RestoreSecretCommand({ SecretId: arn }));
    expect(restored).toEqual({ ARN: arn, Name: name });
    expect(await describeOf(arn)).not.toHaveProperty('DeletedDate');
    expect(await secrets.read(arn)).toBe('v');
  });

  test('cannot be asked for twice, but can be made at once', async () => {
    const { arn } = await secrets.make('twice', { SecretString: 'v' });
    await drop(arn);
    expect(await refusal(drop(arn))).toMatchObject({ code: 'InvalidRequestException' });
    await drop(arn, { ForceDeleteWithoutRecovery: true });
  });

  test('restoring what was never deleted is no error', async () => {
    const { arn } = await secrets.make('restored', { SecretString: 'v' });
    expect((await secrets.send(new RestoreSecretCommand({ SecretId: arn }))).ARN).toBe(arn);
    expect(await refusal(secrets.send(new RestoreSecretCommand({ SecretId: secrets.name('never') })))).toMatchObject({
      code: 'ResourceNotFoundException',
    });
  });
});

describe('a deletion without', () => {
  test('frees the name; the next secret of that name is another', async () => {
    const { name, arn } = await secrets.make('forced', { SecretString: 'v' });
    const { DeletionDate } = await drop(arn, { ForceDeleteWithoutRecovery: true });
    expect(Math.abs(DeletionDate!.getTime() - Date.now())).toBeLessThan(300_000);
    const again = await eventually(async () => {
      try {
        return await secrets.send(new CreateSecretCommand({ Name: name, SecretString: 'w' }));
      } catch (error) {
        // AWS needs some seconds.
        if ((error as Error).name === 'InvalidRequestException') return undefined;
        throw error;
      }
    });
    expect(again.ARN).not.toBe(arn);
    expect(await secrets.read(name)).toBe('w');
    expect(await refusal(secrets.read(arn))).toMatchObject({ code: 'ResourceNotFoundException' });
  });

  test('of what is not there succeeds; with a window it does not', async () => {
    const name = secrets.name('absent');
    const gone = await drop(name, { ForceDeleteWithoutRecovery: true });
    expect(gone).toMatchObject({ Name: name, ARN: expect.any(String), DeletionDate: expect.any(Date) });
    expect(await refusal(drop(name))).toMatchObject({ code: 'ResourceNotFoundException' });
  });
});

describe('refused', () => {
  test.each([0, 2, 6, 31, 100])('a window of %d days', async (RecoveryWindowInDays) => {
    const { arn } = await secrets.make('bad-window', { SecretString: 'v' });
    expect(await refusal(drop(arn, { RecoveryWindowInDays }))).toMatchObject({
      code: 'InvalidParameterException',
      message: expect.stringContaining('RecoveryWindowInDays value must be between 7 and 30 days (inclusive)'),
    });
    expect(await describeOf(arn)).not.toHaveProperty('DeletedDate');
  });

  test('both at once', async () => {
    const { arn } = await secrets.make('both-deletions', { SecretString: 'v' });
    const both = drop(arn, { RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true });
    expect(await refusal(both)).toMatchObject({ code: 'InvalidParameterException' });
    expect(await secrets.read(arn)).toBe('v');
  });
});
