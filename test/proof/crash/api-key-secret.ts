import { IAMClient } from '@aws-sdk/client-iam';
import type { STSClient } from '@aws-sdk/client-sts';
import { acceptedKeys, isAcceptedKey } from '../../../packages/consumer/contracts/accepted-keys.ts';
import type { ApiKeyDependencies } from '../../../pipeline/rotators/api-key/dependencies.ts';
import {
  accessKeySubject,
  bedrockSubject,
  dependenciesOf,
  generatedSubject,
  type Subject as KeySubject,
  vendorSubject,
} from '../../pipeline/rotators/api-key/subjects.ts';
import { counted, type Laptop } from '../../pipeline/rotators/native-rotation.ts';
import { expectNoLabels } from './database-secret.ts';
import type { Faults, Target } from './faults.ts';
import type { Subject, World } from './parts.ts';

const MOST_KEYS_AT_ONCE = 2;

type Client = Parameters<Faults['aroundClient']>[0];

/** The dependencies of a rotation function's process, with faults around whatever it calls beside Secrets Manager. */
function attacked({ laptop, faults }: World): Partial<ApiKeyDependencies> {
  const honest = dependenciesOf(laptop, laptop.countedSecrets);
  const around = <Made>(client: Made, target: Target) => faults.aroundClient(client as Made & Client, target);
  const iam = around(counted(new IAMClient(laptop.clientOptions)), 'iam');
  const iamOnce = around(counted(new IAMClient(laptop.clientOptions)), 'iam-once');
  return {
    iam: () => iam,
    iamOnce: () => iamOnce,
    stsWith: (credentials) => around(honest.stsWith(credentials) as STSClient, 'sts'),
    bedrockWith: (key) => {
      const { control, runtime } = honest.bedrockWith(key);
      return { control: () => around(control(), 'bedrock'), runtime: () => around(runtime(), 'bedrock') };
    },
    fetch: faults.fetch(fetch),
  };
}

/** Whoever accepts keys of our own making, with a stale cache or a fresh one, lets in what AWSCURRENT says. */
function isAcceptedByAll(laptop: Laptop, { secret }: KeySubject): boolean {
  const key = JSON.parse(secret.value()).api_key as string;
  const held = [secret.value(), secret.value('AWSPREVIOUS')].filter((value) => value !== undefined);
  return held.every((value) =>
    isAcceptedKey(key, acceptedKeys(JSON.parse(value), { keyPointer: '/api_key', now: laptop.clock.now() })),
  );
}

const kinds = {
  http: ({ laptop }: World, dependencies: Partial<ApiKeyDependencies>) => vendorSubject(laptop, { dependencies }),
  bedrock: ({ laptop }: World, dependencies: Partial<ApiKeyDependencies>) => bedrockSubject(laptop, { dependencies }),
  'iam-access-key': ({ laptop }: World, dependencies: Partial<ApiKeyDependencies>) =>
    accessKeySubject(laptop, { dependencies }),
  generated: ({ laptop }: World, dependencies: Partial<ApiKeyDependencies>) =>
    generatedSubject(laptop, { dependencies }),
} as const satisfies Record<string, (world: World, dependencies: Partial<ApiKeyDependencies>) => Promise<KeySubject>>;

export type KeyKind = keyof typeof kinds;
export const keyKinds = Object.keys(kinds) as KeyKind[];

export interface ApiKeySecret extends Subject {
  /** The ids of the keys that exist. */
  credentials(): readonly string[];
  close(): Promise<void>;
}

/** A key in the care of the API key rotator; it is looked at around each call too, not only when one has failed. */
export async function manageApiKeySecret(world: World, kind: KeyKind): Promise<ApiKeySecret> {
  const { laptop, faults } = world;
  const subject = await kinds[kind](world, attacked(world));
  const secret = faults.watch(laptop, subject.secret);
  const works = () => (kind === 'generated' ? isAcceptedByAll(laptop, subject) : subject.works(subject.secret.value()));
  const looked = secret.calls.watch;
  const notWorking: string[] = [];
  secret.calls.watch = async () => {
    await looked?.();
    if (!works()) notWorking.push(`around ${secret.calls.names.at(-1)}`);
  };
  return {
    secret,
    async useCurrent() {
      if (!works()) throw new Error('The key of AWSCURRENT is refused.');
    },
    async expectClean() {
      expect(notWorking.splice(0)).toEqual([]);
      expect(works()).toBe(true);
      const inUse = subject.idOf(secret.value());
      expect(subject.credentials()).toEqual(inUse === undefined ? [] : [inUse]);
      expect(subject.mostAtOnce()).toBeLessThanOrEqual(MOST_KEYS_AT_ONCE);
      await expectNoLabels(secret);
    },
    credentials: () => subject.credentials(),
    close: () => subject.close(),
  };
}
