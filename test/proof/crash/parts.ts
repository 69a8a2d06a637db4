import type { Laptop, Managed } from '../../pipeline/rotators/native-rotation.ts';
import { askAsWorkflow, type Call, type Faults, type Strike } from './faults.ts';

export interface World {
  readonly laptop: Laptop;
  readonly faults: Faults;
}

/** A secret in the care of a rotator, and what a reader of it meets. */
export interface Subject {
  readonly secret: Managed;
  /** Throws where whoever reads AWSCURRENT now, and uses it now, is refused. */
  useCurrent(): Promise<void>;
  /** Throws where something of a rotation is left. */
  expectClean(): Promise<void>;
}

/** A part of a secret's life that is attacked; whatever comes before and after goes undisturbed. */
export type Part = (world: World, subject: Subject, strike?: Strike) => Promise<Call[]>;

export async function rotated({ secret }: Subject) {
  const rotation = await secret.rotate();
  if (!rotation.promoted)
    throw new Error('An undisturbed rotation was not promoted.', { cause: secret.failures.at(-1) });
  return rotation;
}

/** A rotation whose promotion was refused, as a permission that was taken away does it: Secrets Manager will try again. */
export async function failedRotation({ secret }: Subject): Promise<{ token: string; previous: string }> {
  secret.calls.refused = 'UpdateSecretVersionStageCommand';
  const { token, previous, promoted } = await secret.rotate({ attempts: 1 });
  secret.calls.refused = undefined;
  expect(promoted).toBe(false);
  return { token, previous };
}

const GRACE_SECONDS = 86_400;

/** Waits out the grace period, and retires as the workflow does. */
export async function retire({ laptop }: World, { secret }: Subject, versions: { token: string; previous: string }) {
  const promotedAt = laptop.clock.now().toISOString();
  await laptop.clock.advance(GRACE_SECONDS * 1000);
  const request = { versionId: versions.token, previousVersionId: versions.previous, promotedAt };
  const evidence = await askAsWorkflow(secret, { operation: 'GatherEvidence', ...request });
  if (evidence.verdict !== 'free') throw new Error(`Not free: ${JSON.stringify(evidence)}`);
  await askAsWorkflow(secret, { operation: 'Retire', ...request });
}

export const parts: Record<string, Part> = {
  /** Secrets Manager tries again, with the same token. */
  rotation: async (world, subject, strike) => {
    world.faults.arm(subject.secret, strike);
    const rotation = await subject.secret.rotate();
    world.faults.disarm();
    expect(rotation.promoted).toBe(true);
    await retire(world, subject, rotation);
    return world.faults.calls;
  },
  /** Nobody tries again: the workflow gives the candidate up, and another rotation begins. */
  'rotation, then given up': async (world, subject, strike) => {
    const { secret } = subject;
    world.faults.arm(secret, strike);
    const { token, promoted, previous } = await secret.rotate({ attempts: 1 });
    world.faults.disarm();
    if (promoted) await retire(world, subject, { token, previous });
    else {
      const given = await askAsWorkflow(secret, { operation: 'Abandon', versionId: token });
      // The answer to the promotion was lost: then it is a rotation like any other.
      if (!given.abandoned) await retire(world, subject, { token, previous });
      else {
        expect(await secret.versionWith('AWSPENDING')).toBeUndefined();
        await retire(world, subject, await rotated(subject));
      }
    }
    return world.faults.calls;
  },
  'giving up': async (world, subject, strike) => {
    const { secret } = subject;
    const { token } = await failedRotation(subject);
    world.faults.arm(secret, strike);
    await askAsWorkflow(secret, { operation: 'Abandon', versionId: token });
    world.faults.disarm();
    expect(await secret.versionWith('AWSPENDING')).toBeUndefined();
    await retire(world, subject, await rotated(subject));
    return world.faults.calls;
  },
  'roll-back': async (world, subject, strike) => {
    const { secret } = subject;
    const { token, previous } = await rotated(subject);
    world.faults.arm(secret, strike);
    await askAsWorkflow(secret, { operation: 'RollBack', versionId: token, previousVersionId: previous });
    world.faults.disarm();
    expect(await secret.versionWith('AWSCURRENT')).toBe(previous);
    expect(await secret.versionWith('KEYTURN_FAILED')).toBe(token);
    await retire(world, subject, await rotated(subject));
    return world.faults.calls;
  },
  retirement: async (world, subject, strike) => {
    const rotation = await rotated(subject);
    world.faults.arm(subject.secret, strike);
    await retire(world, subject, rotation);
    world.faults.disarm();
    return world.faults.calls;
  },
};
