import type { Laptop, Managed } from '../native-rotation.ts';

/** A secret in the care of a rotator, as the conformance suite needs it. */
export interface ConformingSecret {
  readonly laptop: Laptop;
  readonly secret: Managed;
  /** Both credentials work between `setSecret` and `Retire`. False for one login: its password is replaced. */
  readonly hasOverlap: boolean;
  /** Throws where the target refuses AWSCURRENT. */
  useCurrent(): Promise<void>;
  /** Throws where anything of a rotation is left. */
  expectClean(): Promise<void>;
  /** The credentials that the target knows, without values. */
  target(): Promise<unknown>;
}
