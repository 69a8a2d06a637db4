import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { AWSCURRENT, AWSPREVIOUS } from '../../../pipeline/contracts/labels.ts';
import type { Rotator } from '../../../pipeline/rotators/rotator.ts';
import { type Laptop, type Managed, manage } from '../rotators/native-rotation.ts';

/** Labels by the short name of a version. */
export type State = Readonly<Record<string, readonly string[]>>;

/** A version id, as long as Secrets Manager asks for. */
export const idOf = (name: string): string => name.padEnd(36, '.');
const nameOf = (versionId: string): string => versionId.replace(/\.+$/, '');

export interface LabelledSecret {
  readonly secret: Managed;
  /** The operations of the rotator that wrote to the target, in order. */
  readonly writes: string[];
  /** Versions that were tested. */
  readonly tested: string[];
  /** The state as it is now; labels in alphabetical order. */
  state(): Promise<State>;
}

/** A rotator whose target takes everything: what a request may do to it is what the guards before it let through. */
function recordingRotator(writes: string[], tested: string[]): Rotator<string, object> {
  const write = (name: string) => async (rotation: { assertNotOvertaken(): Promise<void> }) => {
    await rotation.assertNotOvertaken();
    writes.push(name);
  };
  const retire = write('retire');
  return {
    kind: 'api-key',
    parse: (_secretArn, value) => value,
    serialize: (payload) => payload,
    create: async () => 'a candidate',
    set: write('set'),
    test: async (_rotation, { pending }) => {
      tested.push(pending.versionId);
    },
    abandon: write('abandon'),
    restore: write('restore'),
    gatherEvidence: async () => ({ blockers: [], observed: 'nobody uses it' }),
    retire: async (rotation) => {
      await retire(rotation);
      return true;
    },
    verify: async () => ({ current: { works: true }, findings: [], repairable: [] }),
    repair: write('repair'),
  };
}

/** A secret in Secrets Manager whose versions carry these labels, with a rotation function that records. */
export async function labelledSecret(
  laptop: Laptop,
  wanted: State,
  target: Partial<Rotator<string, object>> = {},
): Promise<LabelledSecret> {
  const writes: string[] = [];
  const tested: string[] = [];
  const secret = await manage(laptop, {
    value: 'first',
    settings: {},
    rotator: () => ({ ...recordingRotator(writes, tested), ...target }),
  });
  const SecretId = secret.arn;
  for (const name of Object.keys(wanted)) {
    const setUp = { ClientRequestToken: idOf(name), SecretString: name, VersionStages: [`SET_UP_${name}`] };
    await laptop.clock.advance(1_000);
    await laptop.secrets.send(new PutSecretValueCommand({ SecretId, ...setUp }));
  }
  const holder = async (stage: string) => (await secret.versionWith(stage)) as string;
  const move = async (VersionStage: string, to: string | undefined) => {
    const from = await secret.versionWith(VersionStage);
    if (from === to) return;
    const versions = { ...(to && { MoveToVersionId: to }), ...(from && { RemoveFromVersionId: from }) };
    await laptop.secrets.send(new UpdateSecretVersionStageCommand({ SecretId, VersionStage, ...versions }));
  };
  const wantedOn = (stage: string) => Object.keys(wanted).find((name) => wanted[name]?.includes(stage));
  // AWSPREVIOUS goes where AWSCURRENT was.
  for (const stage of [AWSPREVIOUS, AWSCURRENT]) {
    const name = wantedOn(stage);
    if (name) await move(AWSCURRENT, idOf(name));
  }
  if (!wantedOn(AWSPREVIOUS) && (await holder(AWSPREVIOUS))) await move(AWSPREVIOUS, undefined);
  for (const [name, stages] of Object.entries(wanted)) {
    for (const stage of stages) if (stage !== AWSCURRENT && stage !== AWSPREVIOUS) await move(stage, idOf(name));
    await move(`SET_UP_${name}`, undefined);
  }
  const labelled = { secret, writes, tested, state: () => stateOf(laptop, SecretId) };
  expect(await labelled.state()).toEqual(sorted(wanted));
  return labelled;
}

async function stateOf(laptop: Laptop, SecretId: string): Promise<State> {
  const { VersionIdsToStages = {} } = await laptop.secrets.send(new DescribeSecretCommand({ SecretId }));
  return sorted(Object.fromEntries(Object.entries(VersionIdsToStages).map(([id, stages]) => [nameOf(id), stages])));
}

export function sorted(state: State): State {
  const entries = Object.entries(state).filter(([, stages]) => stages.length > 0);
  return Object.fromEntries(entries.map(([name, stages]) => [name, [...stages].sort()]));
}
