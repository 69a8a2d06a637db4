import { judgeStatus } from './http-status.ts';
import { findNetworkFault } from './network.ts';
import type { Verdict } from './verdict.ts';

/** Parts of error names, and the words that the same name needs where it has several causes. */
type Rule = readonly [verdict: Verdict, names: RegExp, words?: RegExp];

/**
 * The first rule that fits. `refused` is about the credentials that the request was signed with. AWS names one thing in many
 * ways: the query services with "Fault" or "Exception" at the end of a class's name, and without it on the wire.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html
 *
 * A KMS key that is disabled, or waits for its deletion, can be enabled again: what Secrets Manager and Parameter Store wrap
 * it into passes. https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
 */
const rules: readonly Rule[] = [
  [
    'refused',
    /^(ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidAccessKeyId|InvalidSignature|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken|AuthFailure|InvalidSecurity(?!Group)|(Credentials|Token)ProviderError)/,
  ],
  ['not-now', /^InvalidKeyId/, /disabled|pending|invalid state/i],
  [
    'not-now',
    /Throttl|TooMany|Internal|Unavailable|Time(d)?out|Unexpected|InProgress|Conflict|NotReady|Pending|LimitReached|(Request|Execution|BandwidthLimit|Throughput|ServiceQuota)(Limit)?Exceeded|SlowDown|NotComplete|PreconditionFailed|ServiceFailure|^ServiceException|ModelError|EFSIO|MountConnectivity|Request(Aborted|Expired)|Insufficient|(De|En)cryptionFailure|^Disabled|KMS(Disabled|InvalidState|KeyNotAccessible)|Invalid(DB|Global)\w*State/i,
  ],
  [
    'wrong',
    /Invalid|NotFound|NoSuch|NotExist|Exist(s|Fault)|Already|Denied|NotAuthorized|Unauthorized|AuthorizationError|OptInRequired|SubscriptionRequired|Validation|Malformed|Unsupported|Not(Supported|Available)|Exceeded|Delet(ed|ing)|Disabled|Failed|MountFailure|DependencyFailure|TooLarge|Mismatch|Incompatible|Violation|Unknown(Operation|Action)|NoPublished|Recursive/,
  ],
];

/** What a failed call to AWS says. */
export function judgeAws(error: unknown): Verdict {
  const { name, message = '', $retryable, $metadata } = Object(error) as Record<string, any>;
  const rule = rules.find(([, names, words]) => names.test(name) && (words?.test(message) ?? true));
  if (rule) return rule[0];
  if ($retryable) return 'not-now';
  const status = $metadata?.httpStatusCode;
  if (status === undefined) return findNetworkFault(error)?.verdict ?? 'unknown';
  const verdict = judgeStatus(status);
  return verdict === 'wrong' ? 'unknown' : verdict;
}
