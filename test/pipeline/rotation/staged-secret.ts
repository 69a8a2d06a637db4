import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { SecretSettings } from '../../../pipeline/contracts/settings/secret.ts';
import type { RotationFunction } from '../../../pipeline/rotation/rotation-function.ts';
import { SecretStore } from '../../../pipeline/rotation/secret-store.ts';
import { serve } from '../../../pipeline/rotation/serve.ts';
import { serveVerification } from '../../../pipeline/rotation/verify.ts';
import { PayloadInvalid } from '../../../pipeline/rotators/errors.ts';
import type { Rotator } from '../../../pipeline/rotators/rotator.ts';
import type { Laptop } from '../rotators/native-rotation.ts';

export const C = 'AWSCURRENT';
export const P = 'AWSPENDING';
export const B = 'AWSPREVIOUS';
export const FLIGHT = 'KEYTURN_IN_FLIGHT';
export const FAILED = 'KEYTURN_FAILED';

/** Names of versions, and the labels of each: `{ v1: [B], v2: [C, FLIGHT] }`. */
export type Labels = Readonly<Record<string, readonly string[]>>;

/** A call of the rotation function, before it reaches Secrets Manager. */
export interface Sent {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export type ScriptedRotator = { -readonly [Operation in keyof Rotator]?: Rotator[Operation] };

/** The version id of a name. Secrets Manager wants 32 characters at least. */
export const idOf = (name: string) => name.padEnd(40, '.');
const nameOf = (id: unknown) => String(id).replace(/\.+$/, '');

/**
 * A secret in the laptop's Secrets Manager whose versions carry these labels, and a rotation function for it. The value of a
 * version is its name; that of a version in `options.invalid` is no payload. What the rotator is asked is recorded; `script`
 * says what it does.
 */
export async function labelSecret(laptop: Laptop, labels: Labels, options: Options = {}) {
  const secret = await arrange(laptop, labels);
  const sent: Sent[] = [];
  const asked: string[] = [];
  const reported: { name: string; [detail: string]: unknown }[] = [];
  const world: { before?: (call: Sent) => Promise<void> | void } = {};
  const client = new SecretsManagerClient(laptop.clientOptions);
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const call = { name: String(context.commandName).replace(/Command$/, ''), input: args.input as Sent['input'] };
      sent.push(call);
      await world.before?.(call);
      return next(args);
    },
    { step: 'initialize' },
  );
  const rotationFunction = (): RotationFunction => ({
    store: new SecretStore(client),
    rotator: recorded(asked, options),
    readSettings: async () => ({ secret: settingsOf(secret.name, options.secret), rotator: { of: 'the rotator' } }),
    adopt: async (rotation) => {
      asked.push(`adopt ${nameOf(rotation.token)}`);
    },
    report: {
      stepSucceeded: async ({ secret: described, ...step }) => {
        reported.push({ ...step, arn: described.arn });
      },
      stepFailed: async (step) => {
        reported.push(step);
      },
      endFailed: (step) => {
        reported.push({ ...step, name: 'end' });
      },
    },
    now: options.now ?? (() => laptop.clock.now()),
  });
  /** Each invocation is a process of its own: nothing is cached from the one before. */
  const invoke = (event: unknown) => {
    const isVerify = (event as { operation?: unknown } | null)?.operation === 'Verify';
    return isVerify ? serveVerification(rotationFunction(), event) : serve(rotationFunction(), event);
  };
  return {
    ...secret,
    sent,
    asked,
    reported,
    world,
    rotationFunction,
    invoke,
    step: (Step: string, token: string, more: object = {}) =>
      invoke({ Step, SecretId: secret.arn, ClientRequestToken: idOf(token), ...more }),
    ask: (operation: string, versions: { version: string; previous?: string; [more: string]: unknown }) => {
      const { version, previous, ...more } = versions;
      const ids = { versionId: idOf(version), ...(previous && { previousVersionId: idOf(previous) }) };
      return invoke({ operation, secretArn: secret.arn, ...ids, ...more }) as Promise<any>;
    },
    /** What was written to Secrets Manager, in words. */
    writes: () => sent.filter(({ name }) => !/^(Describe|Get)/.test(name)).map(inWords),
  };
}

export type LabelledSecret = Awaited<ReturnType<typeof labelSecret>>;

interface Options {
  readonly script?: ScriptedRotator;
  readonly secret?: Partial<SecretSettings>;
  readonly invalid?: readonly string[];
  readonly now?: () => Date;
}

/** `AWSCURRENT v1 → v2`, `KEYTURN_FAILED → v2`, `AWSPENDING v2 →`. */
function inWords({ name, input }: Sent): string {
  if (name !== 'UpdateSecretVersionStage') return name;
  const [from, to] = [input.RemoveFromVersionId, input.MoveToVersionId].map((id) => (id ? nameOf(id) : ''));
  return [input.VersionStage, from, '→', to].filter(Boolean).join(' ');
}

function settingsOf(name: string, more: Partial<SecretSettings> = {}): SecretSettings {
  return {
    schemaVersion: 1,
    name,
    kind: 'api-key',
    rotated: true,
    rotator: {},
    gracePeriodSeconds: 600,
    promotionTimeoutSeconds: 900,
    evidenceIntervalSeconds: 60,
    rollBackHandPutValues: false,
    consumers: [],
    checks: [],
    mirrors: [],
    ...more,
  };
}

/** A rotator that notes what it is asked, with the names of the versions; then it does what the script says. */
function recorded(asked: string[], { script = {}, invalid = [] }: Options): Rotator {
  const describe = (versions: object) =>
    Object.entries(versions)
      .filter(([, version]) => typeof version?.versionId === 'string')
      .map(([role, version]) => `${role} ${nameOf(version.versionId)}`)
      .join(', ');
  const operation =
    (name: keyof Rotator, answer: unknown) =>
    async (rotation: any, versions: any, ...more: any[]): Promise<any> => {
      asked.push(`${name}: ${describe(versions)}`);
      const scripted = script[name] as ((...args: any[]) => unknown) | undefined;
      return scripted ? scripted(rotation, versions, ...more) : answer;
    };
  const optional = (name: 'sweep' | 'verify' | 'repair' | 'usesPrevious') => script[name] !== undefined;
  return {
    kind: 'api-key',
    parse: (secretArn, value) => {
      if (invalid.includes(value)) throw new PayloadInvalid(`${secretArn}: no payload`);
      return { value };
    },
    serialize: (payload) => (payload as { value: string }).value,
    create: operation('create', { value: 'made' }),
    set: operation('set', undefined),
    test: operation('test', undefined),
    abandon: operation('abandon', undefined),
    restore: operation('restore', undefined),
    gatherEvidence: operation('gatherEvidence', { blockers: [], observed: 'looked' }),
    retire: operation('retire', true),
    ...(optional('sweep') && { sweep: operation('sweep', undefined) }),
    ...(optional('verify') && { verify: operation('verify', { outcomes: [] }) }),
    ...(optional('repair') && { repair: operation('repair', undefined) }),
    ...(optional('usesPrevious') && { usesPrevious: script.usesPrevious }),
  } as Rotator;
}

const rank = (stages: readonly string[] = []) => (stages.includes(P) ? 1 : 0);

/** Makes the versions as Secrets Manager does: AWSPREVIOUS was AWSCURRENT before. */
async function arrange({ secrets, clock }: Laptop, labels: Labels) {
  const names = Object.keys(labels);
  const withStage = (stage: string) => names.find((name) => labels[name]?.includes(stage));
  const [previous, current] = [withStage(B), withStage(C)];
  const [first, ...later] = [previous, current].filter((name) => name !== undefined);
  if (!first) throw new Error('One version has to be AWSCURRENT.');
  const name = `app/${randomUUID().slice(0, 8)}`;
  const { ARN: arn = '' } = await secrets.send(
    new CreateSecretCommand({ Name: name, ClientRequestToken: idOf(first), SecretString: first }),
  );
  const put = (version: string, stages?: string[]) =>
    secrets.send(
      new PutSecretValueCommand({
        SecretId: arn,
        ClientRequestToken: idOf(version),
        SecretString: version,
        ...(stages && { VersionStages: stages }),
      }),
    );
  for (const version of later) {
    await clock.advance(1_000);
    await put(version);
  }
  const move = (stage: string, { from, to }: { from?: string; to?: string }) =>
    secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: arn,
        VersionStage: stage,
        ...(from && { RemoveFromVersionId: idOf(from) }),
        ...(to && { MoveToVersionId: idOf(to) }),
      }),
    );
  // A value that is put takes AWSPENDING from the candidate that has it: the candidate comes last.
  for (const version of names.sort((one, other) => rank(labels[one]) - rank(labels[other]))) {
    const others = (labels[version] ?? []).filter((stage) => stage !== C && stage !== B);
    if (version !== previous && version !== current) await put(version, others);
    else for (const stage of others) await move(stage, { to: version });
  }
  const stages = async (): Promise<Record<string, string[]>> => {
    const { VersionIdsToStages = {} } = await secrets.send(new DescribeSecretCommand({ SecretId: arn }));
    return Object.fromEntries(Object.entries(VersionIdsToStages).map(([id, found]) => [nameOf(id), [...found].sort()]));
  };
  /** RotateSecret, whose function does not answer: an empty version carries AWSPENDING. */
  const beginRotation = (token: string) =>
    secrets.send(
      new RotateSecretCommand({
        SecretId: arn,
        ClientRequestToken: idOf(token),
        RotationLambdaARN: 'arn:aws:lambda:us-east-1:123456789012:function:silent',
      }),
    );
  return { arn, name, put, move, stages, beginRotation };
}
