import {
  CreateAccessKeyCommand,
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  IAMClient,
  ListAccessKeysCommand,
} from '@aws-sdk/client-iam';
import type { Laptop } from '../pipeline/rotators/native-rotation.ts';
import { openFunctionLaptop, underHandler } from './laptop.ts';

let laptop: Laptop;
let iam: IAMClient;
let rotateApiKey: (event: unknown) => Promise<unknown>;
beforeAll(async () => {
  laptop = await openFunctionLaptop();
  iam = new IAMClient(laptop.clientOptions);
  ({ handler: rotateApiKey } = await import('../../handlers/rotate-api-key.ts'));
});
afterEach(() => laptop.cloud.faults.clear());
afterAll(() => laptop.close());

test('an access key, driven by RotateSecret: both keys exist in grace', async () => {
  const UserName = 'access';
  await iam.send(new CreateUserCommand({ UserName }));
  const { AccessKey: made } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const secret = await underHandler(laptop, rotateApiKey, {
    value: JSON.stringify({ accessKeyId: made!.AccessKeyId, secretAccessKey: made!.SecretAccessKey }),
    kind: 'api-key',
    rotator: { provider: 'iam-access-key', userName: UserName },
  });
  await secret.rotate();
  expect(JSON.parse(secret.value()).accessKeyId).not.toBe(made!.AccessKeyId);
  expect((await iam.send(new ListAccessKeysCommand({ UserName }))).AccessKeyMetadata).toHaveLength(2);
});

test('a create whose answer was lost is not sent again by the SDK: one key too many is swept, not two', async () => {
  const UserName = 'lost-answer';
  await iam.send(new CreateUserCommand({ UserName }));
  const { AccessKey: made } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const secret = await underHandler(laptop, rotateApiKey, {
    value: JSON.stringify({ accessKeyId: made!.AccessKeyId, secretAccessKey: made!.SecretAccessKey }),
    kind: 'api-key',
    rotator: { provider: 'iam-access-key', userName: UserName },
  });
  laptop.cloud.faults.add({ kind: 'lose-answer', operation: 'CreateAccessKey', times: 1 });
  const before = laptop.cloud.recorder.calls({ operation: 'CreateAccessKey' }).length;
  const rotating = secret.rotate();
  // Secrets Manager's pause before its second attempt.
  const clock = setInterval(() => void laptop.clock.advance(2_000), 50);
  await rotating.finally(() => clearInterval(clock));
  const calls = laptop.cloud.recorder.calls({ operation: 'CreateAccessKey' }).slice(before);
  expect(calls.map((call) => call.outcome)).toEqual(['SdkClientException', 'ok']);
  const listed = (await iam.send(new ListAccessKeysCommand({ UserName }))).AccessKeyMetadata!.map(
    (one) => one.AccessKeyId,
  );
  expect(listed.sort()).toEqual([made!.AccessKeyId, JSON.parse(secret.value()).accessKeyId].sort());
});

test('settings that are none of the provider’s are refused by name, and nothing is made', async () => {
  const UserName = 'misspelt';
  await iam.send(new CreateUserCommand({ UserName }));
  await iam.send(new CreateServiceSpecificCredentialCommand({ UserName, ServiceName: 'bedrock.amazonaws.com' }));
  const secret = await underHandler(laptop, rotateApiKey, {
    value: 'ABSK',
    kind: 'api-key',
    rotator: { provider: 'bedrock', user: UserName },
  });
  const step = {
    Step: 'createSecret',
    SecretId: secret.arn,
    ClientRequestToken: 'keyturn-00000000000000000000000000000000',
  };
  await expect(rotateApiKey({ ...step, ClientRequestToken: step.ClientRequestToken })).rejects.toMatchObject({
    name: 'StepRefused',
  });
  const request = {
    operation: 'Abandon',
    secretArn: secret.arn,
    versionId: 'x',
  };
  await expect(rotateApiKey(request)).rejects.toMatchObject({
    name: 'InputInvalid',
    message: expect.stringMatching(/userName: expected .*user/),
  });
});
