import { EMERGENCY_TOKEN_PREFIX } from '../contracts/labels.ts';
import type { SecretSettings } from '../contracts/settings/secret.ts';
import type { Rotation, Rotator, SecretVersion } from '../rotators/rotator.ts';
import { StepRefused } from './errors.ts';
import type { SecretDescription, SecretStore } from './secret-store.ts';

/**
 * What the rotation function of one secret kind works with. Everything that reaches outside is passed in. The steps import
 * this file, and `serve.ts` imports the steps: nothing here knows a step.
 */
export interface RotationFunction<Payload = unknown, Settings = unknown> {
  readonly store: SecretStore;
  readonly rotator: Rotator<Payload, Settings>;
  /** Reads the secret's settings; cached for a minute, since a deployment may change them. */
  readSettings(secretArn: string): Promise<{ secret: SecretSettings; rotator: Settings }>;
  /** Starts the workflow for a rotation that Secrets Manager began by itself. Starting it twice is one execution. */
  adopt(rotation: { secretArn: string; token: string }): Promise<void>;
  report: RotationReport;
  now(): Date;
}

/** Reports the rotation's story while Secrets Manager drives it. Never fails a step: the labels are the state, not the events. */
export interface RotationReport {
  stepSucceeded(step: {
    secret: SecretDescription;
    token: string;
    name: string;
    durationMilliseconds: number;
  }): Promise<void>;
  stepFailed(step: { secretArn: string; token: string; name: string; error: unknown }): Promise<void>;
  /** A rotation failed for good, and AWSPENDING could not be detached from its candidate. */
  endFailed(rotation: { secretArn: string; token: string; error: unknown }): void;
}

/** One step of one rotation, after the contract's preconditions were checked. */
export interface Step<Payload = unknown, Settings = unknown> {
  readonly rotationFunction: RotationFunction<Payload, Settings>;
  readonly secret: SecretDescription;
  readonly settings: SecretSettings;
  readonly rotation: Rotation<Settings>;
}

/** A rotation whose operation is not chosen yet: without that operation's guard no rotator takes it. See `guard.ts`. */
export type UnguardedRotation<Settings = unknown> = Omit<Rotation<Settings>, 'assertNotOvertaken'>;

export function openRotation<Settings>(
  rotation: Omit<UnguardedRotation<Settings>, 'emergency'>,
): UnguardedRotation<Settings> {
  return { ...rotation, emergency: rotation.token.startsWith(EMERGENCY_TOKEN_PREFIX) };
}

/** Reads and parses a version that must have a value. */
export async function readVersion<Payload>(
  rotationFunction: Pick<RotationFunction<Payload>, 'store' | 'rotator'>,
  secretArn: string,
  versionId: string,
): Promise<SecretVersion<Payload> | undefined> {
  const value = await rotationFunction.store.read(secretArn, versionId);
  if (value === undefined) return undefined;
  return { versionId, payload: rotationFunction.rotator.parse(secretArn, value) };
}

export async function requireVersion<Payload>(
  rotationFunction: Pick<RotationFunction<Payload>, 'store' | 'rotator'>,
  secretArn: string,
  versionId: string,
): Promise<SecretVersion<Payload>> {
  const version = await readVersion(rotationFunction, secretArn, versionId);
  if (version) return version;
  throw new StepRefused(
    `Version ${versionId} of ${secretArn} has no value: createSecret has not stored one, or it was pruned.`,
  );
}
