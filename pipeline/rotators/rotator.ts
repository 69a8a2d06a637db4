import type { FindingCode, Verification } from '../contracts/audit.ts';
import type { SecretKind } from '../contracts/secret-kinds.ts';

/**
 * What every kind of secret does in a rotation. The four steps of Secrets Manager's contract call create, set and
 * test; the workflow calls abandon, restore, gatherEvidence and retire; the audit calls verify and `doctor` repair.
 *
 * The lifecycle, and what each operation promises:
 *
 *     create ── set ── test ──(promote)── restore        after a failed check
 *        └──────┴───────┴── abandon                       before promotion
 *                               (promote) ── gatherEvidence* ── retire
 *
 * - Every operation may be called twice with the same arguments, and may have been killed half-way before.
 * - Until `retire`, the current credential keeps working (strategies with overlap).
 * - An operation that was overtaken by another rotation, a roll-back or a value put by hand changes nothing more. It asks
 *   `rotation.assertNotOvertaken()` right before each write, inside of whatever lock the target offers, and lets the
 *   `RotationAbandoned` through that this throws. An operation that writes nothing need not ask.
 * - Nothing here writes to the secret itself: only the steps around it do.
 * - Values appear in no log line and no error.
 */
export interface Rotator<Payload = unknown, Settings = unknown> {
  readonly kind: SecretKind;

  /** Parses a secret's value; throws `PayloadInvalid` naming secret and field, never the value. */
  parse(secretArn: string, value: string): Payload;
  /** The value to store: unknown fields of what was parsed are kept. */
  serialize(payload: Payload): string;

  /** Makes the candidate. Called once for a token: the result is stored before anything else happens. */
  create(rotation: Rotation<Settings>, versions: { current: SecretVersion<Payload> }): Promise<Payload>;

  /** Whether `set` may fall back to AWSPREVIOUS; it is read only then. */
  usesPrevious?(settings: Settings): boolean;

  /**
   * Removes what exists outside of Secrets Manager and belongs to no version: what a `create` left that was killed before its result
   * was stored, and what spent versions hold. Called before a `create`, by an abandonment and before a retirement closes.
   * What a known version holds that is not spent is never touched. The guard is asked between looking and removing: what another
   * rotation has made meanwhile, and has not stored yet, looks like an orphan.
   */
  sweep?(rotation: Rotation<Settings>, versions: SweptVersions<Payload>): Promise<void>;

  /** Makes the target accept the candidate as well as the current credential. */
  set(rotation: Rotation<Settings>, versions: CandidateVersions<Payload>): Promise<void>;

  /** Proves that the candidate works, as a consumer would use it. */
  test(rotation: Rotation<Settings>, versions: CandidateVersions<Payload>): Promise<void>;

  /**
   * Makes the target forget a candidate that was never promoted, and repairs it to the current one. An abandonment that comes
   * twice may come late.
   */
  abandon(
    rotation: Rotation<Settings>,
    versions: { current: SecretVersion<Payload>; candidate?: SecretVersion<Payload> },
  ): Promise<void>;

  /** Makes the target accept the previous credential again, before AWSCURRENT is moved back to it. */
  restore(
    rotation: Rotation<Settings>,
    versions: { failed: SecretVersion<Payload>; previous: SecretVersion<Payload> },
  ): Promise<void>;

  /** Who still uses the previous credential. Reads only. */
  gatherEvidence(rotation: Rotation<Settings>, versions: RetirementVersions<Payload>): Promise<RetirementEvidence>;

  /**
   * Makes the target refuse the previous credential. Called with evidence, or forced. Answers whether there was one to refuse: not where
   * current and previous are one login, or one key.
   */
  retire(rotation: Rotation<Settings>, versions: RetirementVersions<Payload>): Promise<boolean>;

  /**
   * What an audit asks of the target: whether the credentials that are meant to work do, as a consumer would use them, and
   * what is not as a rotation leaves it. Reads only. `previous` comes along while it is not retired; a strategy in which
   * it is not meant to work answers nothing of it. Missing: the target cannot be asked.
   * @throws TargetUnavailable where the target does not answer, TargetRefused where it is not what it must be: neither is a
   * verdict of the credential
   */
  verify?(rotation: Rotation<Settings>, versions: VerifiedVersions<Payload>): Promise<Verification>;

  /**
   * Repairs what `verify` found under this code and called repairable, and nothing else: the target accepts what AWSCURRENT
   * holds, as a rotation would have left it. May be called twice.
   */
  repair?(rotation: Rotation<Settings>, versions: VerifiedVersions<Payload>, code: FindingCode): Promise<void>;
}

export interface SecretVersion<Payload> {
  readonly versionId: string;
  readonly payload: Payload;
}

export interface CandidateVersions<Payload> {
  readonly current: SecretVersion<Payload>;
  readonly pending: SecretVersion<Payload>;
  /** AWSPREVIOUS, where it exists: single-user rotation falls back to it when the current login fails. */
  readonly previous?: SecretVersion<Payload>;
}

export interface SweptVersions<Payload> {
  readonly current: SecretVersion<Payload>;
  /** Every version that carries a label and has a value, the current one included. */
  readonly known: SecretVersion<Payload>[];
  /** Those of them whose credential no consumer is meant to use any more. */
  readonly spent: SecretVersion<Payload>[];
  /** When the current version was made. */
  readonly currentSince: Date;
  /** The grace period that began with the current version is over: what has lost its label since is not in use either. */
  readonly isSettled: boolean;
}

export interface VerifiedVersions<Payload> {
  readonly current: SecretVersion<Payload>;
  /** While it is not retired. */
  readonly previous?: SecretVersion<Payload>;
}

export interface RetirementVersions<Payload> {
  readonly current: SecretVersion<Payload>;
  readonly previous: SecretVersion<Payload>;
  /** When `current` was promoted. */
  readonly promotedAt: Date;
}

/** One operation of one rotation of one secret, as a rotator sees it. */
export interface Rotation<Settings> {
  readonly secretArn: string;
  readonly secretName: string;
  /** ClientRequestToken: the candidate's version id. */
  readonly token: string;
  /** Must accompany PutSecretValue to other secrets of this rotation when Secrets Manager sent one. */
  readonly rotationToken?: string;
  readonly settings: Settings;
  /** A compromise: every earlier credential is revoked, even one that is in use. */
  readonly emergency: boolean;
  /**
   * Looks at the labels in Secrets Manager, uncached: one call each time. What counts as overtaken is the operation's own.
   * @throws RotationAbandoned where this operation was overtaken
   */
  assertNotOvertaken(): Promise<void>;
}

/** What speaks for or against retirement. `blockers` empty and `notBefore` past: it may be retired. */
export interface RetirementEvidence {
  /** Who still uses the credential, as a person can find them: application and address, never a value. */
  readonly blockers: RetirementBlocker[];
  /** Before this moment the credential may still be in legitimate use (a token's lifetime, say). */
  readonly notBefore?: Date;
  /** What was looked at, for the report. */
  readonly observed: string;
}

export interface RetirementBlocker {
  readonly name: string;
  readonly address?: string;
  readonly since?: Date;
}
