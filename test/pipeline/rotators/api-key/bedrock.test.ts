import { BedrockRuntimeClient, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';
import {
  CreateServiceSpecificCredentialCommand,
  IAMClient,
  ListServiceSpecificCredentialsCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import type { Laptop } from '../native-rotation.ts';
import { bedrockSubject, dependenciesOf, openBedrockLaptop, retire, type Subject } from './subjects.ts';

const MODEL = 'amazon.nova-micro-v1:0';
const ServiceName = 'bedrock.amazonaws.com';
let laptop: Laptop;
let iam: IAMClient;
beforeAll(async () => {
  laptop = await openBedrockLaptop();
  iam = new IAMClient(laptop.clientOptions);
});
afterEach(() => laptop.cloud.faults.clear());
afterAll(() => laptop.close());

const keyOf = (value: string) => (value.startsWith('{') ? (JSON.parse(value).api_key as string) : value);

/** A caller as an application is: with a key, over the wire. */
async function converse(key: string, region = 'us-east-1'): Promise<'ok' | string> {
  const { credentials, ...options } = laptop.clientOptions;
  const client = new BedrockRuntimeClient({
    ...options,
    region,
    token: { token: key },
    authSchemePreference: ['httpBearerAuth'],
  });
  try {
    await client.send(
      new ConverseCommand({ modelId: MODEL, messages: [{ role: 'user', content: [{ text: 'hello' }] }] }),
    );
    return 'ok';
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  } finally {
    client.destroy();
  }
}

const listed = async (UserName: string) =>
  (
    await iam.send(new ListServiceSpecificCredentialsCommand({ UserName, ServiceName }))
  ).ServiceSpecificCredentials!.map((one) => one.ServiceSpecificCredentialId as string);

test.each([
  ['a JSON secret', 'object'],
  ['a plain string', 'text'],
] as const)('%s, rotated while callers use it: no call refused, never a third key, the old one deleted after grace', async (_, form) => {
  const subject = await bedrockSubject(laptop, { form, settings: { modelId: MODEL } });
  const { secret, userName } = subject;
  const answers: string[] = [];
  // Callers whose caches are of different ages: this value, and the one before it until the bound is over.
  let held = [secret.value(), secret.value()];
  const callers = async () => answers.push(...(await Promise.all(held.map((value) => converse(keyOf(value))))));
  let most = 0;
  for (let round = 0; round < 3; round += 1) {
    let isOver = false;
    const traffic = (async () => {
      while (!isOver) {
        await callers();
        most = Math.max(most, (await listed(userName)).length);
      }
    })();
    const rotated = await secret.rotate();
    expect(rotated.promoted).toBe(true);
    held = [secret.value(), held[0] as string];
    await callers();
    isOver = true;
    await traffic;
    // The bound is over: every caller has read again.
    held = [secret.value(), secret.value()];
    expect(await listed(userName)).toHaveLength(2);
    const old = secret.value('AWSPREVIOUS');
    await retire(laptop, subject, rotated);
    await callers();
    expect(await listed(userName)).toEqual([subject.idOf(secret.value())]);
    expect(await converse(keyOf(old))).toMatch(/^AccessDenied/);
  }
  expect(new Set(answers)).toEqual(new Set(['ok']));
  expect(answers.length).toBeGreaterThan(15);
  expect(most).toBe(2);
});

test('the key lists the models where no model is named, and works in its own region', async () => {
  const subject = await bedrockSubject(laptop, { settings: { region: 'eu-west-1' } });
  expect((await subject.secret.rotate()).promoted).toBe(true);
  const calls = laptop.cloud.recorder.calls({ service: 'bedrock', operation: 'ListFoundationModels' });
  expect(calls.at(-1)).toMatchObject({ region: 'eu-west-1', outcome: 'ok' });
  expect(calls.at(-1)?.principal).toContain(`user/${subject.userName}`);
});

describe('what goes wrong', () => {
  const settled = async (subject: Subject & { userName: string }) => {
    laptop.cloud.faults.clear();
    const first = subject.secret.value();
    const again = await subject.secret.rotate();
    expect(again.promoted).toBe(true);
    await retire(laptop, subject, again);
    expect(subject.secret.value()).not.toBe(first);
    expect(await listed(subject.userName)).toEqual([subject.idOf(subject.secret.value())]);
  };

  test.each([
    ['throttle', 'CreateServiceSpecificCredential', true],
    ['error', 'CreateServiceSpecificCredential', true],
    ['lose-answer', 'CreateServiceSpecificCredential', true],
    ['reset', 'CreateServiceSpecificCredential', true],
    ['throttle', 'ListServiceSpecificCredentials', true],
    ['lose-answer', 'ListServiceSpecificCredentials', true],
    ['throttle', 'Converse', true],
    ['error', 'Converse', true],
    ['lose-answer', 'Converse', true],
  ] as const)('%s at %s: the rotation goes on and nothing is left', async (kind, operation, promoted) => {
    const subject = await bedrockSubject(laptop, { settings: { modelId: MODEL } });
    laptop.cloud.faults.add({ kind, operation, times: 1 });
    const rotated = await subject.secret.rotate();
    expect(rotated.promoted).toBe(promoted);
    expect(subject.mostAtOnce()).toBeLessThanOrEqual(2);
    await retire(laptop, subject, rotated);
    expect(await listed(subject.userName)).toEqual([subject.idOf(subject.secret.value())]);
  });

  test.each([
    'throttle',
    'error',
    'lose-answer',
    'reset',
  ] as const)('%s at the deletion: the retirement is tried again', async (kind) => {
    const subject = await bedrockSubject(laptop);
    const rotated = await subject.secret.rotate();
    laptop.cloud.faults.add({ kind, operation: 'DeleteServiceSpecificCredential', times: 1 });
    await retire(laptop, subject, rotated);
    expect(await listed(subject.userName)).toEqual([subject.idOf(subject.secret.value())]);
  });

  test('IAM needs a while until a new key works: it is waited for', async () => {
    const subject = await bedrockSubject(laptop, {
      dependencies: {
        bedrockWith: (key) => {
          const real = dependenciesOf(laptop, laptop.countedSecrets).bedrockWith(key);
          const { state } = laptop.cloud.service('iam') as unknown as {
            state: { serviceCredentials: Map<string, { alias: string; createDate: Date }> };
          };
          const alias = Buffer.from(key.token.slice(4), 'base64').toString().split(':')[0];
          const made = [...state.serviceCredentials.values()].find((one) => one.alias === alias)!;
          const isYoung = laptop.clock.now().getTime() - made.createDate.getTime() < 15_000;
          const refuse = {
            send: async () =>
              Promise.reject(
                Object.assign(new Error('Authentication failed'), {
                  name: 'AccessDeniedException',
                  $metadata: { httpStatusCode: 403 },
                }),
              ),
          };
          return isYoung ? { control: () => refuse as never, runtime: () => refuse as never } : real;
        },
      },
    });
    expect((await subject.secret.rotate()).promoted).toBe(true);
    expect(subject.secret.failures).toEqual([]);
  });

  test('a second key that this pipeline did not make is left alone, and named', async () => {
    const subject = await bedrockSubject(laptop);
    const { userName } = subject;
    const made = await iam.send(new CreateServiceSpecificCredentialCommand({ UserName: userName, ServiceName }));
    const stranger = made.ServiceSpecificCredential!.ServiceSpecificCredentialId as string;
    // It is older than the key in use: no killed create of ours left it.
    const { state } = laptop.cloud.service('iam') as unknown as {
      state: { serviceCredentials: Map<string, { createDate: Date }> };
    };
    (state.serviceCredentials.get(stranger) as { createDate: Date }).createDate = new Date('2020-01-01T00:00:00Z');
    expect((await subject.secret.rotate()).promoted).toBe(false);
    expect(subject.secret.failures.at(-1)).toMatchObject({
      code: 'TargetRefused',
      message: expect.stringMatching(new RegExp(`as many keys as IAM allows: .*${stranger}.*user of its own`)),
    });
    expect(await listed(userName)).toContain(stranger);
  });

  test('the user may not call Bedrock: rejected with Bedrock’s own words, the candidate’s key is deleted', async () => {
    const subject = await bedrockSubject(laptop, { settings: { modelId: MODEL, activationTimeoutSeconds: 2 } });
    const { userName, secret } = subject;
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'bedrock:ListFoundationModels', Resource: '*' }],
    });
    await iam.send(new PutUserPolicyCommand({ UserName: userName, PolicyName: 'bedrock', PolicyDocument }));
    const first = secret.value();
    const { token, promoted } = await secret.rotate();
    expect(promoted).toBe(false);
    expect(secret.failures.at(-1)).toMatchObject({
      code: 'CandidateRejected',
      message: expect.stringContaining('bedrock:CallWithBearerToken'),
    });
    await secret.ask({ operation: 'Abandon', versionId: token });
    expect(secret.value()).toBe(first);
    expect(await listed(userName)).toEqual([subject.idOf(first)]);
  });

  test('an unknown user: refused with its name', async () => {
    const subject = await bedrockSubject(laptop, { settings: { userName: 'nobody-of-that-name' } });
    expect((await subject.secret.rotate()).promoted).toBe(false);
    expect(subject.secret.failures.at(-1)).toMatchObject({
      code: 'TargetRefused',
      message: expect.stringMatching(/IAM user nobody-of-that-name: .*NoSuchEntity/),
    });
  });

  test('an emergency inside grace: nothing is spared but the key in use, which goes as soon as the new one is promoted', async () => {
    const subject = await bedrockSubject(laptop);
    const { secret } = subject;
    await secret.rotate();
    const compromised = [secret.value('AWSPREVIOUS'), secret.value()];
    const rotated = await secret.rotate({ emergency: true });
    expect(rotated.promoted).toBe(true);
    expect(subject.mostAtOnce()).toBe(2);
    expect(compromised.map((value) => subject.works(value))).toEqual([false, true]);
    const request = {
      versionId: rotated.token,
      previousVersionId: rotated.previous,
      promotedAt: laptop.clock.now().toISOString(),
    };
    await secret.ask({ operation: 'Retire', ...request });
    expect(compromised.map((value) => subject.works(value))).toEqual([false, false]);
    await settled(subject);
  });
});

test('a key has an end where the settings give one', async () => {
  const subject = await bedrockSubject(laptop, { settings: { credentialAgeDays: 100 } });
  await subject.secret.rotate();
  const { ServiceSpecificCredentials: all } = await iam.send(
    new ListServiceSpecificCredentialsCommand({ UserName: subject.userName, ServiceName }),
  );
  const made = all!.find((one) => one.ServiceSpecificCredentialId === subject.idOf(subject.secret.value()));
  expect(made!.ExpirationDate!.getTime() - made!.CreateDate!.getTime()).toBe(100 * 86_400_000);
});
