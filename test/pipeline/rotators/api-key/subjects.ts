import { randomBytes, randomUUID } from 'node:crypto';
import { BedrockClient } from '@aws-sdk/client-bedrock';
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import {
  CreateAccessKeyCommand,
  CreateServiceSpecificCredentialCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { CreateSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { STSClient } from '@aws-sdk/client-sts';
import * as v from 'valibot';
import createBedrockService from '../../../../packages/laptop/services/bedrock/service.ts';
import type { IamService } from '../../../../packages/laptop/services/iam/service.ts';
import { ApiKeySettings } from '../../../../pipeline/contracts/settings/api-key.ts';
import type { SecretSettings } from '../../../../pipeline/contracts/settings/secret.ts';
import { createApiKeyRotator } from '../../../../pipeline/rotators/api-key/api-key-rotator.ts';
import { credentialName, nameStem } from '../../../../pipeline/rotators/api-key/credential.ts';
import type { ApiKeyDependencies } from '../../../../pipeline/rotators/api-key/dependencies.ts';
import { counted, inProcess, type Laptop, type Managed, manage, openLaptop } from '../native-rotation.ts';
import { Vendor, type VendorOptions, vendorData } from './vendor.ts';

export const openBedrockLaptop = () => openLaptop([createBedrockService]);

const iamClients = new WeakMap<Laptop, IAMClient>();

function iamOf(laptop: Laptop): IAMClient {
  const client = iamClients.get(laptop) ?? counted(new IAMClient(laptop.clientOptions));
  iamClients.set(laptop, client);
  return client;
}

/** The dependencies of a rotation function's process: real clients against the laptop, its clock, the real fetch. */
export function dependenciesOf(laptop: Laptop, secretsManager: SecretsManagerClient): ApiKeyDependencies {
  const { clientOptions, clock } = laptop;
  const iam = iamOf(laptop);
  return {
    secretsManager,
    iam: () => iam,
    iamOnce: () => iam,
    stsWith: (credentials) => counted(new STSClient({ ...clientOptions, credentials })),
    bedrockWith: ({ token, region }) => {
      const { credentials, ...rest } = clientOptions;
      const options = {
        ...rest,
        // A bearer key carries no region; on the laptop the address does.
        ...(region !== undefined && { region, endpoint: `${rest.endpoint}/_region/${region}` }),
        token: { token },
        authSchemePreference: ['httpBearerAuth'],
      };
      return {
        control: () => counted(new BedrockClient(options)),
        runtime: () => counted(new BedrockRuntimeClient(options)),
      };
    },
    fetch: (input, init) =>
      inProcess(`${init?.method} ${new URL(String(input)).pathname.split('/')[1]}`, () => fetch(input, init)),
    now: () => clock.now(),
    sleep: (milliseconds) => clock.advance(milliseconds),
    randomBytes,
  };
}

/** A secret in the care of the API key rotator, and a look at what exists at its vendor. */
export interface Subject {
  readonly secret: Managed;
  /** Ids of the credentials that exist. */
  credentials(): string[];
  /** Whether the key of a secret's value works now. */
  works(value: string): boolean;
  /** The id of the credential that a secret's value holds. */
  idOf(value: string): string | undefined;
  /** The most credentials that existed at one time. */
  mostAtOnce(): number;
  readonly vendor?: Vendor;
  readonly userName?: string;
  close(): Promise<void>;
}

interface Options {
  settings?: Record<string, unknown>;
  secret?: Partial<SecretSettings>;
  dependencies?: Partial<ApiKeyDependencies>;
}

async function care(laptop: Laptop, value: string, settings: Record<string, unknown>, options: Options) {
  return manage(laptop, {
    value,
    settings: v.parse(ApiKeySettings, settings),
    ...(options.secret && { secret: options.secret }),
    rotator: (client) => createApiKeyRotator({ ...dependenciesOf(laptop, client), ...options.dependencies }),
  });
}

/** A vendor behind the `http` provider. */
export async function vendorSubject(
  laptop: Laptop,
  options: Options & { form?: 'object' | 'text'; vendor?: Omit<VendorOptions, 'now'> } = {},
): Promise<Subject & { vendor: Vendor; adminSecretArn: string }> {
  const vendor = new Vendor({ now: () => laptop.clock.now(), ...options.vendor });
  await vendor.open();
  const named = options.vendor?.named !== false;
  const admin = await laptop.secrets.send(
    new CreateSecretCommand({ Name: `admin/${randomUUID()}`, SecretString: 'admin-key-1' }),
  );
  const first = vendor.make('made-by-hand');
  // The first key is of a time before this test: it works on every node.
  await laptop.clock.advance(Math.max(...vendor.activationMilliseconds) + 1);
  const value =
    options.form === 'text' ? first.key : JSON.stringify({ api_key: first.key, api_key_id: first.id, region: 'eu' });
  const { name: _, ...nameless } = vendorData(vendor, '').list;
  const list = named ? {} : { list: nameless, ownsEveryKey: true };
  const secret = await care(
    laptop,
    value,
    { ...vendorData(vendor, admin.ARN as string, list), ...options.settings },
    options,
  );
  if (options.form === 'text' && named) {
    // A plain string has no place for an id: the key is found by the name that belongs to its version.
    const versionId = (await secret.versionWith('AWSCURRENT')) as string;
    vendor.rename(first.id, credentialName(nameStem('keyturn-', secret.arn), versionId));
  }
  const keyOf = (text: string) => (text.startsWith('{') ? (JSON.parse(text).api_key as string) : text);
  return {
    secret,
    vendor,
    adminSecretArn: admin.ARN as string,
    credentials: () => [...vendor.keys.keys()],
    works: (text) => vendor.accepts(keyOf(text)),
    idOf: (text) => [...vendor.keys.values()].find((one) => one.key === keyOf(text))?.id,
    mostAtOnce: () => vendor.mostAtOnce,
    close: () => vendor.close(),
  };
}

async function makeUser(laptop: Laptop, actions: string[]): Promise<{ iam: IAMClient; userName: string }> {
  const iam = iamOf(laptop);
  const userName = `key-${randomUUID().slice(0, 8)}`;
  await iam.send(new CreateUserCommand({ UserName: userName }));
  const Statement = [{ Effect: 'Allow', Action: actions, Resource: '*' }];
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  await iam.send(new PutUserPolicyCommand({ UserName: userName, PolicyName: 'bedrock', PolicyDocument }));
  return { iam, userName };
}

/** An Amazon Bedrock API key of an IAM user. */
export async function bedrockSubject(
  laptop: Laptop,
  options: Options & { form?: 'object' | 'text' } = {},
): Promise<Subject & { userName: string }> {
  const { iam, userName } = await makeUser(laptop, ['bedrock:*']);
  const made = await iam.send(
    new CreateServiceSpecificCredentialCommand({ UserName: userName, ServiceName: 'bedrock.amazonaws.com' }),
  );
  const { ServiceSpecificCredentialId: id, ServiceCredentialSecret: key } = made.ServiceSpecificCredential!;
  const value = options.form === 'text' ? (key as string) : JSON.stringify({ api_key: key, api_key_id: id });
  const secret = await care(laptop, value, { provider: 'bedrock', userName, ...options.settings }, options);
  const { state } = laptop.cloud.service<IamService>('iam');
  const own = () => [...state.serviceCredentials.values()].filter((one) => one.userName === userName);
  const keyOf = (text: string) => (text.startsWith('{') ? (JSON.parse(text).api_key as string) : text);
  let most = 1;
  secret.calls.watch = () => {
    most = Math.max(most, own().length);
  };
  return {
    secret,
    userName,
    credentials: () => own().map((one) => one.id),
    works: (text) => typeof state.bearer(keyOf(text), 'bedrock.amazonaws.com') === 'object',
    idOf: (text) => {
      const alias = Buffer.from(keyOf(text).slice(4), 'base64').toString().split(':')[0];
      return own().find((one) => one.alias === alias)?.id;
    },
    mostAtOnce: () => most,
    close: async () => undefined,
  };
}

/** An access key of an IAM user. */
export async function accessKeySubject(laptop: Laptop, options: Options = {}): Promise<Subject & { userName: string }> {
  const { iam, userName } = await makeUser(laptop, ['s3:*']);
  const { AccessKey: made } = await iam.send(new CreateAccessKeyCommand({ UserName: userName }));
  const value = JSON.stringify({ accessKeyId: made!.AccessKeyId, secretAccessKey: made!.SecretAccessKey, bucket: 'b' });
  const secret = await care(laptop, value, { provider: 'iam-access-key', userName, ...options.settings }, options);
  const { state } = laptop.cloud.service<IamService>('iam');
  const own = () => [...state.accessKeys.values()].filter((one) => one.userName === userName);
  return {
    secret,
    userName,
    credentials: () => own().map((one) => one.id),
    works: (text) => {
      const { accessKeyId, secretAccessKey } = JSON.parse(text);
      const found = state.accessKey(accessKeyId);
      return typeof found === 'object' && found.secretAccessKey === secretAccessKey;
    },
    idOf: (text) => JSON.parse(text).accessKeyId,
    mostAtOnce: () => own().length,
    close: async () => undefined,
  };
}

/** A key of which we are the issuer: acceptors read the secret and its labels themselves. */
export async function generatedSubject(
  laptop: Laptop,
  options: Options & { form?: 'object' | 'text' } = {},
): Promise<Subject> {
  const key = randomBytes(24).toString('base64url');
  const value = options.form === 'text' ? key : JSON.stringify({ api_key: key, plan: 'gold' });
  const secret = await care(
    laptop,
    value,
    { provider: 'generated', acceptPreviousSeconds: 3_600, ...options.settings },
    options,
  );
  return {
    secret,
    credentials: () => [],
    // Acceptors that read at once: whatever AWSCURRENT says is accepted.
    works: (text) => text !== '' && text === secret.value(),
    idOf: () => undefined,
    mostAtOnce: () => 1,
    close: async () => undefined,
  };
}

/** Waits out what the workflow waits out, and retires. */
export async function retire(
  laptop: Laptop,
  { secret }: Subject,
  versions: { token: string; previous: string },
  waitSeconds = 86_400,
): Promise<void> {
  const promotedAt = laptop.clock.now().toISOString();
  await laptop.clock.advance(waitSeconds * 1000);
  const request = { versionId: versions.token, previousVersionId: versions.previous, promotedAt };
  const evidence = await secret.ask({ operation: 'GatherEvidence', ...request });
  if (evidence.verdict !== 'free') throw new Error(`Not free: ${JSON.stringify(evidence)}`);
  await secret.ask({ operation: 'Retire', ...request });
}
