import { types } from 'node:util';
import { judgeAws } from '@keyturn/consumer/contracts/verdicts/aws';
import { describeAwsFault } from './aws-faults.ts';
import { CheckFailed, CheckInterrupted } from './errors.ts';
import { describeNetworkFault } from './network-faults.ts';

/**
 * Says what Bedrock's answer means for a check; with the role, another caller than the rotated key's is refused. Bedrock answers AccessDeniedException for a missing
 * grant, for a model that was never enabled, and for a bad key: only the words differ.
 * https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
 */
export function describeBedrockFault(error: unknown, where: string, credential: 'role' | 'rotated-key'): unknown {
  if (!types.isNativeError(error)) return error;
  const { name, message } = error;
  const isRole = credential === 'role';
  const judged = rules.find((rule) => rule.name.test(name) && rule.words.test(message) && !(isRole && rule.ofKey));
  if (judged) {
    const Fault = judged.passes ? CheckInterrupted : CheckFailed;
    return new Fault(judged.code, `${where}: ${judged.text}`);
  }
  const verdict = judgeAws(error);
  if (isRole) return describeAwsFault(error, where);
  if (verdict === 'refused') return new CheckFailed('KeyRefused', `${where}: the key is refused: ${name}.`);
  if (verdict !== 'wrong' || describeNetworkFault(error, where)) return describeAwsFault(error, where);
  // AWS's words name principal, action and resource, never a value.
  const code = /Denied/.test(name) ? 'MissingGrant' : 'RequestRefused';
  return new CheckFailed(code, `${where}: ${name}: ${message}`, { cause: error });
}

interface Rule {
  readonly name: RegExp;
  readonly words: RegExp;
  readonly code: CheckFailed['code'];
  readonly text: string;
  readonly passes?: true;
  readonly ofKey?: true;
}

/** In this order: the words of a scope and of a key come with the same names as those of a grant. */
const rules: readonly Rule[] = [
  {
    name: /./,
    words: /scoped to a valid region/i,
    code: 'WrongRegion',
    text: 'the key belongs to another region. Name its own: "region".',
  },
  {
    name: /^(AccessDenied|UnrecognizedClient|InvalidSignature|ExpiredToken|Unauthorized)/,
    words: /API Key|Bearer Token|security token|Authentication failed|has expired|signature/i,
    code: 'KeyRefused',
    text: 'the key is refused: it was deleted, deactivated or has expired.',
    ofKey: true,
  },
  {
    name: /^AccessDenied/,
    words: /access to the model|model access|not authorized to access this model/i,
    code: 'ModelNotEnabled',
    text: 'the account has no access to the model in this region. Request it in the Bedrock console, "Model access".',
  },
  {
    name: /^(BadCScore|FTUFormNotFilled)/,
    words: /./,
    code: 'ModelNotEnabled',
    text: 'the account may not use the model yet: its use case form is missing, or AWS declined.',
  },
  {
    name: /^ResourceNotFound/,
    words: /use case details/i,
    code: 'ModelNotEnabled',
    text: 'the use case form of the model’s vendor is not filled in. Do so in the Bedrock console, "Model access".',
  },
  {
    name: /^Validation/,
    words: /on-demand throughput|inference profile that contains/i,
    code: 'ProfileNeeded',
    text: 'the model is served through an inference profile only. Write the profile’s id as "modelId".',
  },
  {
    name: /^(Validation|ResourceNotFound)/,
    words: /model identifier|could not resolve|model version has reached|end of its life|not found/i,
    code: 'ModelUnknown',
    text: 'this region has no such model or inference profile, or no longer. Correct "modelId", or bind it to its region.',
  },
  {
    name: /^Throttling|^ServiceQuotaExceeded|^TooManyRequests/,
    words: /./,
    code: 'Throttled',
    text: 'the calls are too many, or a quota is used up.',
    passes: true,
  },
  {
    name: /^(ModelNotReady|ModelTimeout|ModelError|ServiceUnavailable|InternalServer|InternalFailure)/,
    words: /(?:)/,
    code: 'ModelUnavailable',
    text: 'the model does not answer now.',
    passes: true,
  },
];
