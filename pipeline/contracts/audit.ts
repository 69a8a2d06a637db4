import * as v from 'valibot';

const text = v.pipe(v.string(), v.nonEmpty());
const arn = v.pipe(v.string(), v.startsWith('arn:'));

/** What an audit may find: one code for each thing that is not as it should be. docs/operating.md lists them. */
export const findingCodes = {
  AuditIncomplete: 'The secret could not be looked at to the end.',
  SecretMissing: 'The settings name a secret that is not there, or is scheduled for deletion.',
  CurrentMissing: 'No version is AWSCURRENT.',
  CurrentFailed: 'AWSCURRENT rests on a version that failed its checks.',
  CurrentRefused: 'The target refuses the credential under AWSCURRENT.',
  PreviousRefused: 'The target refuses the previous credential, although it is not retired yet.',
  TargetUnreachable: 'The target did not answer, or is not what it must be, so nothing is known of its credentials.',
  PendingStuck: 'A candidate of ours lies under AWSPENDING, and no execution is about it.',
  PendingForeign: 'AWSPENDING was left by another tool: rotations are refused until it is gone.',
  ValueUnpropagated: 'A value became current and no execution propagated it: its event was lost.',
  ConsumerLagging: 'A consumer did not get the current version by the way that it declares.',
  ConvergenceOverdue: 'The evidence that a consumer has the current version is overdue.',
  RetirementLost: 'The previous credential waits for its retirement, and no execution is about it.',
  RetirementOverdue: 'The previous credential is still in use long after its grace period.',
  SecretOverdue: 'The secret was not rotated when it was due.',
  RotationOff: 'Rotation is turned off, or another function has it.',
  BusPolicyChanged: 'The policy of the pipeline’s event bus is not the one that was deployed.',
  MirrorBehind: 'A parameter that mirrors the secret holds another value.',
  ReplicaBehind: 'A replica region does not have the current version.',
  RoleMissing: 'A role that the logins need does not exist in the database.',
  OwnerRoleLost: 'Sessions of the login no longer act as the owner role.',
  MembershipLost: 'The second login lost its membership in the owner role.',
  GrantsApart: 'Privileges or objects belong to one login alone, and not to the owner role.',
  UserMappingApart: 'A user mapping belongs to one login, and the owner role has none.',
  LoginShared: 'Two secrets hold the same login, and each would break the other.',
  LoginEntangled: 'Something in the database names a login or runs as it, and the next rotation is refused.',
  DisabledLoginInUse: 'A login that was retired still has sessions.',
  SigningKeyShort: 'A symmetric signing key is shorter than its hash, so it can be guessed.',
  AdministratorRefused: 'The administrator cannot do its work, so the next rotation will fail.',
  AdministratorGrantMissing: 'The administrator lacks a right that a rotation or a retirement needs.',
} as const;
export type FindingCode = keyof typeof findingCodes;
export const findingCode = v.picklist(Object.keys(findingCodes) as FindingCode[]);

/** What repairs a finding, as data: everything that it takes is in it, and it is looked at again before anything is done. */
export const Repair = v.variant('action', [
  /** The rotation function forgets its own candidate and detaches AWSPENDING. */
  v.object({ action: v.literal('abandon-candidate'), rotationFunctionArn: arn, versionId: text }),
  /** AWSPENDING is taken from another tool's version; the version stays. */
  v.object({ action: v.literal('detach-pending'), versionId: text }),
  /** An execution propagates and checks what is current, as its event should have made it. */
  v.object({ action: v.literal('adopt-value'), versionId: text }),
  /** Consumers and mirrors get the current version again. */
  v.object({ action: v.literal('propagate'), versionId: text }),
  /** The same, and then the retirement of the previous credential begins anew. */
  v.object({ action: v.literal('resume-retirement'), versionId: text, previousVersionId: text, promotedAt: text }),
  /** The rotation function repairs what it verified. */
  v.object({
    action: v.literal('repair-target'),
    rotationFunctionArn: arn,
    versionId: text,
    previousVersionId: v.optional(text),
    code: findingCode,
  }),
  /** Secrets Manager replicates the secret anew, over whatever the region has. */
  v.object({ action: v.literal('replicate'), region: text }),
  /** The workflow goes back to the version before `versionId`. */
  v.object({ action: v.literal('roll-back'), versionId: text }),
]);
export type Repair = v.InferOutput<typeof Repair>;

export const Finding = v.object({
  code: findingCode,
  secretArn: v.string(),
  secretName: text,
  versionId: v.optional(text),
  /** What is the case, what it means. Never a value. */
  message: text,
  /** What a person types, or does. */
  command: text,
  /** Missing: a person has to act. */
  repair: v.optional(Repair),
  /** Whether the repair cannot break a consumer: `doctor --repair` makes it when it is asked to; the others ask once more. */
  isSafe: v.boolean(),
});
export type Finding = v.InferOutput<typeof Finding>;

/** What the audit function is asked: everything that the pipeline manages, or one secret; and whether it publishes what it finds. */
export const AuditRequest = v.object({
  secretId: v.optional(text),
  /** Events and metrics: on a schedule. A person who asks by hand reads the answer. */
  publish: v.optional(v.boolean(), true),
});
export type AuditRequest = v.InferOutput<typeof AuditRequest>;

export const AuditAnswer = v.object({ secrets: v.number(), findings: v.array(Finding) });
export type AuditAnswer = v.InferOutput<typeof AuditAnswer>;

const CredentialVerdict = v.variant('works', [
  v.object({ works: v.literal(true) }),
  /** Unreadable: the value itself is no payload, so no rotation can begin from it either. */
  v.object({ works: v.literal(false), reason: text, isUnreadable: v.optional(v.boolean()) }),
]);
export type CredentialVerdict = v.InferOutput<typeof CredentialVerdict>;

/** What a verification function answers. `supported: false`: its kind of target cannot be asked. */
export const Verification = v.object({
  current: CredentialVerdict,
  /** Missing: it is not meant to work any more, or never had a credential of its own. */
  previous: v.optional(CredentialVerdict),
  /** What of the target is not as a rotation leaves it. */
  findings: v.array(
    v.union([
      /** The rotation function cannot repair it: what a person does, as a statement, a command or a sentence. */
      v.object({ code: findingCode, message: text, person: text }),
      /** The rotation function can repair it. */
      v.object({ code: findingCode, message: text, isSafe: v.boolean() }),
    ]),
  ),
  /** Codes of the verdicts above that the rotation function can repair. */
  repairable: v.optional(v.array(findingCode), []),
});
export type Verification = v.InferOutput<typeof Verification>;

/** Who still uses the previous credential, where that was asked. */
const blockers = v.optional(v.array(v.string()));

export const VerifyAnswer = v.variant('supported', [
  v.object({ supported: v.literal(false), blockers }),
  v.object({ supported: v.literal(true), ...Verification.entries, blockers }),
]);
export type VerifyAnswer = v.InferOutput<typeof VerifyAnswer>;
