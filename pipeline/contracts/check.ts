import * as v from 'valibot';
import { CheckSettings } from './settings/secret.ts';

/**
 * What a check function is sent and what it answers: ours and those that people bring. The payload is the same in a
 * rotation, on demand and on a schedule.
 *
 * A check that ran has a verdict, and answers it: `ok` true or false. A check that could not be run (no connection, a
 * throttled call) throws; the caller tries it again, and what is thrown by the last try is the verdict. So a fault that a
 * retry cures is never told. An error named `CheckFailed` is a verdict too, for functions that find throwing easier.
 */
export const CheckRequest = v.object({
  check: CheckSettings,
  secretArn: v.pipe(v.string(), v.startsWith('arn:')),
  secretName: v.pipe(v.string(), v.nonEmpty()),
  /** The version under test. Missing, on demand and on a schedule: whatever AWSCURRENT is. */
  versionId: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64))),
});
export type CheckRequest = v.InferOutput<typeof CheckRequest>;

const measured = v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]));

export const CheckVerdict = v.variant('ok', [
  v.object({
    ok: v.literal(true),
    durationMilliseconds: v.number(),
    /** One line for people: what was looked at. Never a value. */
    observed: v.string(),
    /** The same for programs. */
    measured,
  }),
  v.object({
    ok: v.literal(false),
    durationMilliseconds: v.number(),
    /** Stable: one of `checkCodes`, or the code of an error of ours. */
    code: v.string(),
    /** What was expected, what came, what to do. Never a value. */
    cause: v.string(),
  }),
]);
export type CheckVerdict = v.InferOutput<typeof CheckVerdict>;
export type CheckObservation = Pick<Extract<CheckVerdict, { ok: true }>, 'observed' | 'measured'>;

/** Why a check fails: one code for each cause, told apart because what to do differs. docs/checks.md lists them. */
export const checkCodes = {
  // Any check.
  NoRoute: 'The target cannot be reached: no address, no route, nothing listens, no answer in time.',
  TlsMismatch: 'The certificate is not for this name, or not of an authority that is trusted.',
  MissingGrant: 'A right is missing: of the login in the database, or of the check’s role in IAM.',
  Throttled: 'The target asks for fewer calls.',
  VersionMoved: 'AWSCURRENT has moved on from the version under test.',
  SecretMissing: 'The secret is gone, or scheduled for deletion.',
  KeyRefused: 'The target refuses the key.',
  // database
  WrongPassword: 'The database or the proxy does not know this password.',
  LoginDisabled: 'The login may not log in.',
  LoginUnknownToProxy: 'The proxy has no registered secret for this login.',
  TlsMissing: 'One side wants TLS and the other does not speak it.',
  DatabaseMissing: 'The database does not exist on that server.',
  TableMissing: 'A table that the check is told to read or write does not exist.',
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
