import { CreateAccessKeyCommand, IAMClient, ListAccessKeysCommand } from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import * as v from 'valibot';
import type { IamService } from '../../../../packages/laptop/services/iam/service.ts';
import { ApiKeySettings, type IamAccessKeySettings } from '../../../../pipeline/contracts/settings/api-key.ts';
import { iamAccessKeyProvider } from '../../../../pipeline/rotators/api-key/iam-access-key.ts';
import { type Laptop, openLaptop } from '../native-rotation.ts';
import { accessKeySubject, dependenciesOf, retire } from './subjects.ts';

let laptop: Laptop;
let iam: IAMClient;
beforeAll(async () => {
  laptop = await openLaptop();
  iam = new IAMClient(laptop.clientOptions);
});
afterEach(() => laptop.cloud.faults.clear());
afterAll(() => laptop.close());

const use = async (value: string) => {
  const { accessKeyId, secretAccessKey } = JSON.parse(value);
  const client = new STSClient({ ...laptop.clientOptions, credentials: { accessKeyId, secretAccessKey } });
  try {
    return (await client.send(new GetCallerIdentityCommand({}))).Arn;
  } finally {
    client.destroy();
  }
};
const listed = async (UserName: string) =>
  (await iam.send(new ListAccessKeysCommand({ UserName }))).AccessKeyMetadata!.map((one) => one.AccessKeyId as string);

test('five rotations: both keys work in grace, never a third, other fields are kept', async () => {
  const subject = await accessKeySubject(laptop);
  const { secret, userName } = subject;
  for (let round = 0; round < 5; round += 1) {
    const rotated = await secret.rotate();
    expect(rotated.promoted).toBe(true);
    for (const stage of ['AWSCURRENT', 'AWSPREVIOUS']) expect(await use(secret.value(stage))).toContain(userName);
    expect(await listed(userName)).toHaveLength(2);
    await retire(laptop, subject, rotated);
    expect(await listed(userName)).toEqual([JSON.parse(secret.value()).accessKeyId]);
  }
  expect(JSON.parse(secret.value())).toMatchObject({ bucket: 'b' });
});

describe('evidence', () => {
  test('whoever still calls with the old key after the bound is named by service and region; when that ends it is free', async () => {
    const subject = await accessKeySubject(laptop, {
      settings: { convergenceBoundSeconds: 600, quietPeriodSeconds: 1_800 },
    });
    const { secret } = subject;
    const { token, previous } = await secret.rotate();
    const promotedAt = laptop.clock.now().toISOString();
    const ask = () =>
      secret.ask({ operation: 'GatherEvidence', versionId: token, previousVersionId: previous, promotedAt });
    const old = secret.value('AWSPREVIOUS');
    await use(old);
    // A use inside the bound is what the bound is for: only the time speaks against retirement.
    expect(await ask()).toMatchObject({ verdict: 'in-use', blockers: [], notBefore: expect.any(String) });
    await laptop.clock.advance(900_000);
    expect(await ask()).toMatchObject({ verdict: 'free' });
    await use(old);
    expect(await ask()).toMatchObject({
      verdict: 'in-use',
      blockers: [expect.stringMatching(/^a caller of sts in us-east-1 since 20/)],
    });
    await laptop.clock.advance(1_799_000);
    expect(await ask()).toMatchObject({ verdict: 'in-use' });
    await laptop.clock.advance(1_000);
    expect(await ask()).toMatchObject({ verdict: 'free', observed: expect.stringContaining('was last used at') });
  });
});

describe('what goes wrong', () => {
  test.each([
    ['throttle', 'CreateAccessKey'],
    ['lose-answer', 'CreateAccessKey'],
    ['error', 'CreateAccessKey'],
    ['throttle', 'ListAccessKeys'],
    ['reset', 'GetAccessKeyLastUsed'],
    ['throttle', 'GetCallerIdentity'],
    ['lose-answer', 'GetCallerIdentity'],
  ] as const)('%s at %s: the rotation goes on and nothing is left', async (kind, operation) => {
    const subject = await accessKeySubject(laptop);
    laptop.cloud.faults.add({ kind, operation, times: 1 });
    const rotated = await subject.secret.rotate();
    expect(rotated.promoted).toBe(true);
    await retire(laptop, subject, rotated);
    expect(await listed(subject.userName)).toEqual([subject.idOf(subject.secret.value())]);
  });

  test.each(['throttle', 'error', 'lose-answer'] as const)('%s at the deletion: tried again', async (kind) => {
    const subject = await accessKeySubject(laptop);
    const rotated = await subject.secret.rotate();
    laptop.cloud.faults.add({ kind, operation: 'DeleteAccessKey', times: 1 });
    await retire(laptop, subject, rotated);
    expect(await listed(subject.userName)).toEqual([subject.idOf(subject.secret.value())]);
  });

  test('a key that goes between the list and the question for its last use: the retirement is tried again', async () => {
    const subject = await accessKeySubject(laptop);
    const rotated = await subject.secret.rotate();
    const { faults } = laptop.cloud;
    const gone = { code: 'NoSuchEntity', message: 'The Access Key cannot be found.', httpStatus: 404 };
    const { id } = faults.add({ kind: 'error', operation: 'GetAccessKeyLastUsed', times: 1, ...gone });
    await retire(laptop, subject, rotated);
    expect(faults.list().find((rule) => rule.id === id)).toMatchObject({ struck: 1 });
    expect(await listed(subject.userName)).toEqual([subject.idOf(subject.secret.value())]);
  });

  test('the user is gone, and its keys with it: they are revoked', async () => {
    const subject = await accessKeySubject(laptop);
    const settings = v.parse(ApiKeySettings, { provider: 'iam-access-key', userName: subject.userName });
    const provider = iamAccessKeyProvider(
      dependenciesOf(laptop, laptop.countedSecrets),
      settings as IamAccessKeySettings,
    );
    const { users, accessKeys } = laptop.cloud.service<IamService>('iam').state;
    const [id] = subject.credentials() as [string];
    users.delete(subject.userName);
    accessKeys.delete(id);
    await expect(provider.listOwn()).rejects.toMatchObject({ code: 'TargetRefused' });
    await expect(provider.revoke(id)).resolves.toBeUndefined();
  });

  test('a second key that somebody uses is no orphan: it is left alone, and named', async () => {
    const subject = await accessKeySubject(laptop);
    await laptop.clock.advance(1_000);
    const { AccessKey: other } = await iam.send(new CreateAccessKeyCommand({ UserName: subject.userName }));
    await use(JSON.stringify({ accessKeyId: other!.AccessKeyId, secretAccessKey: other!.SecretAccessKey }));
    expect((await subject.secret.rotate()).promoted).toBe(false);
    expect(subject.secret.failures.at(-1)).toMatchObject({
      code: 'TargetRefused',
      message: expect.stringContaining(other!.AccessKeyId as string),
    });
    expect(await listed(subject.userName)).toContain(other!.AccessKeyId);
  });

  test.each([
    ['a plain string', 'wJalrXUtnFEMI', /two texts.*accessKeyId/],
    ['JSON without the secret', JSON.stringify({ accessKeyId: 'AKIALOCAL00000000000' }), /\/secretAccessKey/],
  ])('%s is no access key: refused, nothing made', async (_, value, message) => {
    const subject = await accessKeySubject(laptop);
    await subject.secret.put(value);
    const before = await listed(subject.userName);
    const { promoted } = await subject.secret.rotate();
    expect(promoted).toBe(false);
    const error = subject.secret.failures.at(-1) as Error;
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('wJalrXUtnFEMI');
    expect(await listed(subject.userName)).toEqual(before);
  });
});
