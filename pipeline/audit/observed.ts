import type { VerifyAnswer } from '../contracts/audit.ts';
import type { SecretSettings } from '../contracts/settings/secret.ts';
import type { ConsumerState } from '../history/consumer-state.ts';
import type { SecretDescription } from '../rotation/secret-store.ts';

/** What an audit sees of one secret. ARNs, version ids and dates only; every judgement is made from it. */
export interface ObservedSecret {
  readonly settings: SecretSettings;
  readonly secret: SecretDescription;
  readonly dates: SecretDates;
  /** An execution is about the version under AWSPENDING, or about the current one while it is propagated and checked. */
  readonly isRotating: boolean;
  /** An execution waits for the retirement of what was before the current version. */
  readonly isRetiring: boolean;
  /** When the version under AWSPENDING was made, where it is another than AWSCURRENT's. */
  readonly pendingSince?: Date;
  readonly story: Story;
  /** How each consumer stands with the current version, as the history has it. */
  readonly consumers: readonly ObservedConsumer[];
  /** What the target says; `unreachable` where it does not answer, or not about the credential. Missing: it was not asked. */
  readonly target?: VerifyAnswer | { readonly unreachable: string };
  /** Who still uses the previous credential; asked only when its retirement is overdue. */
  readonly blockers?: readonly string[];
  readonly mirrors: readonly ObservedMirror[];
}

export interface SecretDates {
  readonly createdAt?: Date;
  readonly lastRotatedAt?: Date;
  /** Secrets Manager's own next rotation. */
  readonly nextRotationAt?: Date;
  /** When the current version was made; known where it matters. */
  readonly currentMadeAt?: Date;
  /** Since when this pipeline has had settings for the secret. */
  readonly managedSince?: Date;
}

/** What the history says of the secret's versions, the newest first. Best effort: rows may be missing or late. */
export interface Story {
  /** The version that the newest row believes to be current; undefined where no row says. */
  readonly believedVersionId?: string;
  readonly promotedAt?: Date;
}

export interface ObservedConsumer {
  readonly name: string;
  readonly state: ConsumerState;
}

export interface ObservedMirror {
  readonly mirror: string;
  readonly to: 'parameter' | 'replica';
  /** Undefined: in step. */
  readonly reason?: string;
  /** Secrets Manager says that the region's secret is a replica of this one. */
  readonly isOurs?: boolean;
}
