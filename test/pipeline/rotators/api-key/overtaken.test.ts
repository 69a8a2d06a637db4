import * as v from 'valibot';
import { ApiKeySettings } from '../../../../pipeline/contracts/settings/api-key.ts';
import { createApiKeyRotator } from '../../../../pipeline/rotators/api-key/api-key-rotator.ts';
import { RotationAbandoned } from '../../../../pipeline/rotators/errors.ts';
import type { Rotation } from '../../../../pipeline/rotators/rotator.ts';
import type { Laptop } from '../native-rotation.ts';
import {
  accessKeySubject,
  bedrockSubject,
  dependenciesOf,
  generatedSubject,
  openBedrockLaptop,
  type Subject,
  vendorSubject,
} from './subjects.ts';
import { vendorData } from './vendor.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openBedrockLaptop();
});
afterAll(() => laptop?.close());

/** A rotator, and a rotation whose guard says what a test wants. */
async function open(subject: Subject, settings: unknown) {
  const rotator = createApiKeyRotator(dependenciesOf(laptop, laptop.secrets));
  const guard = { looks: 0, isOvertaken: false };
  const rotation: Rotation<ApiKeySettings> = {
    secretArn: subject.secret.arn,
    secretName: subject.secret.name,
    token: 'keyturn-candidate',
    settings: v.parse(ApiKeySettings, settings),
    emergency: false,
    async assertNotOvertaken() {
      guard.looks += 1;
      if (guard.isOvertaken) throw new RotationAbandoned('overtaken');
    },
  };
  const versionId = (await subject.secret.versionWith('AWSCURRENT')) as string;
  const current = { versionId, payload: rotator.parse(subject.secret.arn, subject.secret.value()) };
  const make = async () => ({ versionId: rotation.token, payload: await rotator.create(rotation, { current }) });
  /** Overtaken: no credential comes or goes. */
  const expectRefused = async (operation: () => Promise<unknown>) => {
    const before = subject.credentials();
    guard.isOvertaken = true;
    await expect(operation()).rejects.toMatchObject({ code: 'RotationAbandoned' });
    guard.isOvertaken = false;
    expect(subject.credentials()).toEqual(before);
  };
  return { rotator, rotation, guard, current, make, expectRefused };
}

const vendors: [string, () => Promise<{ subject: Subject; settings: unknown }>][] = [
  [
    'http',
    async () => {
      const subject = await vendorSubject(laptop);
      return { subject, settings: vendorData(subject.vendor, subject.adminSecretArn) };
    },
  ],
  [
    'bedrock',
    async () => {
      const subject = await bedrockSubject(laptop);
      return { subject, settings: { provider: 'bedrock', userName: subject.userName } };
    },
  ],
  [
    'iam-access-key',
    async () => {
      const subject = await accessKeySubject(laptop);
      return { subject, settings: { provider: 'iam-access-key', userName: subject.userName } };
    },
  ],
];

test.each(
  vendors,
)('%s: create, set, abandon, sweep and retire that were overtaken make and revoke nothing', async (_name, make) => {
  const { subject, settings } = await make();
  const { rotator, rotation, guard, current, ...opened } = await open(subject, settings);
  try {
    await opened.expectRefused(opened.make);
    // The orphan of an earlier attempt is younger than the key in use.
    await laptop.clock.advance(1_000);
    const pending = await opened.make();
    expect(subject.credentials()).toHaveLength(2);

    const currentSince = new Date(0);
    const swept = { current, known: [current], spent: [], currentSince, isSettled: true };
    const retired = { current: pending, previous: current, promotedAt: laptop.clock.now() };
    await opened.expectRefused(() => rotator.set(rotation, { current, pending }));
    await opened.expectRefused(() => rotator.abandon(rotation, { current, candidate: pending }));
    await opened.expectRefused(async () => rotator.sweep?.(rotation, swept));
    await opened.expectRefused(() => rotator.retire(rotation, retired));

    // Each of them would have written, right after one look.
    guard.looks = 0;
    await rotator.sweep?.(rotation, swept);
    expect([subject.credentials().length, guard.looks]).toEqual([1, 1]);
    const again = await opened.make();
    await rotator.abandon(rotation, { current, candidate: again });
    expect([subject.credentials().length, guard.looks]).toEqual([1, 3]);
    const promoted = await opened.make();
    await rotator.retire(rotation, { ...retired, current: promoted });
    expect([subject.credentials().length, guard.looks]).toEqual([1, 5]);
  } finally {
    await subject.close();
  }
});

test('a sweep looks before each credential that it revokes', async () => {
  const subject = await vendorSubject(laptop);
  const { rotator, rotation, guard, current, make } = await open(
    subject,
    vendorData(subject.vendor, subject.adminSecretArn),
  );
  await make();
  await make();
  const swept = { current, known: [current], spent: [], currentSince: new Date(0), isSettled: true };
  guard.looks = 0;
  rotation.assertNotOvertaken = async () => {
    guard.looks += 1;
    if (guard.looks === 2) throw new RotationAbandoned('overtaken');
  };
  await expect(rotator.sweep?.(rotation, swept)).rejects.toMatchObject({ code: 'RotationAbandoned' });
  expect(subject.credentials()).toHaveLength(2);
  await subject.close();
});

test('generated: a new key exists nowhere outside, so create need not look; set and the revocations do', async () => {
  const subject = await generatedSubject(laptop);
  const { rotator, rotation, guard, current, make, expectRefused } = await open(subject, {
    provider: 'generated',
    acceptPreviousSeconds: 3_600,
  });
  const first = await make();
  expect(guard.looks).toBe(0);
  const second = { versionId: 'v3', payload: await rotator.create(rotation, { current: first }) };
  await expectRefused(() => rotator.set(rotation, { current, pending: first }));
  await expectRefused(() => rotator.abandon(rotation, { current: first, candidate: second }));
  await expectRefused(() =>
    rotator.retire(rotation, { current: second, previous: first, promotedAt: laptop.clock.now() }),
  );
});
