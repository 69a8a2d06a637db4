import * as v from 'valibot';
import { CheckSettings } from './settings/secret.ts';

/**
 * What a check function is sent and what it answers: ours and those that people bring. The payload is the same in a
 * rotation, on demand and on a schedule.
 *
 * A check that reached the credential has a verdict, and answers it: `passed`, or `failed` where the target refuses the
 * credential or is not what it must be. A check that did not get so far (no connection, a server in recovery, a throttled
 * call, a right that its own role lacks) throws an error whose name is one of the codes below; the caller tries it again.
 * What is still thrown at the end is `inconclusive`: an alarm, and no roll-back. An error named `CheckFailed` is a verdict
 * too, for functions that find throwing easier.
 */
export const CheckRequest = v.object({
  check: CheckSettings,
  secretArn: v.pipe(v.string(), v.startsWith('arn:')),
  secretName: v.pipe(v.string(), v.nonEmpty()),
  /** The version under test. Missing, on demand and on a schedule: whatever AWSCURRENT is. */
  versionId: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
});
export type CheckRequest = v.InferOutput<typeof CheckRequest>;

export const checkOutcomes = ['passed', 'failed', 'inconclusive'] as const;
export type CheckOutcome = (typeof checkOutcomes)[number];

const measured = v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]));

const Verdict = v.variant('outcome', [
  v.object({
    outcome: v.literal('passed'),
    durationMilliseconds: v.number(),
    /** One line for people: what was looked at. Never a value. */
    observed: v.optional(v.string()),
    /** The same for programs. */
    measured: v.optional(measured),
  }),
  v.object({
    outcome: v.literal('failed'),
    durationMilliseconds: v.number(),
    /** Stable: one of `checkCodes`, or the code of an error of ours. */
    code: v.string(),
    /** What was expected, what came, what to do. Never a value. */
    cause: v.string(),
  }),
]);

/** The answer of a check function; one that says `ok` instead of `outcome` is read as well. */
export const CheckVerdict = v.pipe(
  v.looseObject({ outcome: v.optional(v.unknown()), ok: v.optional(v.unknown()) }),
  v.transform((answer) => ({ ...answer, outcome: outcomeOf(answer) })),
  Verdict,
);
export type CheckVerdict = v.InferOutput<typeof CheckVerdict>;
export interface CheckObservation {
  readonly observed: string;
  readonly measured: v.InferOutput<typeof measured>;
}

/**
 * What came of a check, of which an older function or an older execution says only `ok`. Saying neither, it passed; where the
 * two contradict each other (a default was merged over an answer), the failure counts.
 */
export function outcomeOf(check: { readonly outcome?: unknown; readonly ok?: unknown }): CheckOutcome {
  const outcome = checkOutcomes.find((one) => one === check.outcome);
  if (check.ok === false && outcome !== 'inconclusive') return 'failed';
  return outcome ?? 'passed';
}

/**
 * Why a check fails or does not get to a verdict: one code for each cause, since the remedy differs.
 * docs/checks.md lists them.
 */
export const checkCodes = {
  // Any check.
  NoRoute: 'The target cannot be reached: no address, no route, nothing listens, no answer in time.',
  TlsMismatch: 'The certificate is not for this name, or not of an authority that is trusted.',
  MissingGrant: 'The credential lacks a right: of the login in the database, or of the key’s user in IAM.',
  CheckNotPermitted: 'The check’s own role lacks a right in IAM or in a key policy, or its credentials are refused.',
  Unexplained: 'The target answers what no table of verdicts knows.',
  Throttled: 'The target asks for fewer calls.',
  VersionMoved: 'AWSCURRENT has moved on from the version under test.',
  SecretMissing: 'The secret is gone, or scheduled for deletion.',
  InputInvalid: 'The check’s settings cannot be read.',
  KeyRefused: 'The target refuses the key.',
  // database
  WrongPassword: 'The database or the proxy does not know this password.',
  LoginDisabled: 'The login may not log in.',
  LoginUnknownToProxy: 'The proxy has no registered secret for this login.',
  TlsMissing: 'One side wants TLS and the other does not speak it.',
  AddressRefused: 'pg_hba.conf refuses the address before the server asks for a password.',
  DatabaseMissing: 'The database does not exist on that server.',
  TableMissing: 'A table that the check reads or writes does not exist.',
  WrongUser: 'The session is another login’s.',
  WrongOwnerRole: 'The session does not act as the owner role.',
  ReadOnlyReplica: 'The endpoint accepts no writes: a replica or reader.',
  StatementRefused: 'The database refuses a statement of the check.',
  TargetBusy: 'The server is starting, stopping, failing over, or has no connection left.',
  InstanceUnhealthy: 'RDS says that the instance or cluster is in trouble.',
  ProxyTargetUnhealthy: 'RDS says that the proxy cannot use its target.',
  // bedrock
  ModelNotEnabled: 'The account has no access to the model in that region.',
  ModelUnknown: 'The region has no such model or inference profile.',
  ProfileNeeded: 'The model is served through an inference profile only.',
  RequestRefused: 'The service refuses the request of the check.',
  WrongRegion: 'The model, profile or key belongs to another region.',
  ModelUnavailable: 'The model does not answer now.',
  // consumer
  ConsumerDown: 'The function fails or is not running.',
  ConsumerMissing: 'The function or alias does not exist.',
  ConsumerStale: 'The environment that answered still holds another version.',
  CanaryFailed: 'The consumer says that it cannot work with the secret.',
  AnswerInvalid: 'The answer does not have the shape of the contract.',
  // http
  UnexpectedStatus: 'Another status than expected.',
  Redirected: 'The answer is a redirect that is not followed: to another origin, with a key on board, or too many.',
  Unavailable: 'The service answers that it is out of order.',
  // jwks
  PrivateKeyPublished: 'The key set shows a private or symmetric key.',
  KeyNotPublished: 'The current key is not in the key set.',
  CacheControlUnfit: 'Cache-Control is missing, or lets verifiers keep keys for too long.',
  JwksInvalid: 'What is served is no key set.',
  NoPublicKey: 'The current key is symmetric and has no public part.',
} as const;
export type CheckCode = keyof typeof checkCodes;

/**
 * Of the codes that are thrown, those that another try finds again: the check asks for something that is not there, so the
 * caller need not try again. A right may be granted and a certificate replaced meanwhile: those are tried again.
 */
export const settledCheckCodes = [
  'InputInvalid',
  'SecretMissing',
  'VersionMoved',
  'ConsumerMissing',
  'AnswerInvalid',
  'NoPublicKey',
  'WrongRegion',
] as const satisfies readonly CheckCode[];
export type SettledCheckCode = (typeof settledCheckCodes)[number];
