import { quote } from '@keyturn/consumer/contracts/quote';
import { judgeAws } from '@keyturn/consumer/contracts/verdicts/aws';
import { isNamed, type KeyturnError } from '../../errors.ts';
import { TargetRefused, TargetUnavailable } from '../errors.ts';
import type { KeyProvider, Verdict } from './provider.ts';

/**
 * Says what a failed call of the rotation function's own role means for a rotation; where its credentials are refused, Lambda
 * replaces them. AWS's messages name users, actions and ids, never keys.
 */
export function describeAwsError(error: unknown, what: string): KeyturnError {
  const name = quote((error as Error).name, []);
  const message = quote((error as Error).message, []);
  if (judgeAws(error) !== 'wrong') return new TargetUnavailable(`${what}: ${name}: ${message}`, { cause: error });
  const advice = /AccessDenied/.test(name)
    ? ' Deploy the pipeline’s stack again: it grants what this provider needs.'
    : '';
  return new TargetRefused(`${what}: ${name}: ${message}${advice}`, { cause: error });
}

/**
 * What an AWS service that was called with a key says of that key by failing: it refuses the credentials, or what they may
 * do (401, 403). A model that is no more, or a request that does not fit, says nothing about the key.
 * https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
 */
export function judgeAwsError(error: unknown, { service, key }: { service: string; key: string }): Verdict {
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const verdict = judgeAws(error);
  const isDenied = verdict === 'wrong' && [401, 403].includes($metadata?.httpStatusCode ?? 0);
  return {
    verdict: verdict === 'refused' || isDenied ? 'refused' : 'unclear',
    reason: `${service} answered ${quote(`${name}: ${message}`, [key])}`,
  };
}

/**
 * What it means that a key could not be deleted. NoSuchEntity is what IAM answers when the key is gone; but it is eventually
 * consistent, and may say it of a key that was made just now. So the list is asked.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 * @throws TargetUnavailable where the key lives
 */
export async function settleDeletion(
  error: unknown,
  { provider, id, what }: { provider: Pick<KeyProvider, 'listOwn'>; id: string; what: string },
): Promise<void> {
  if (!isNamed(error, 'NoSuchEntity')) throw describeAwsError(error, what);
  const listed = await provider.listOwn().catch((failure: Error) => {
    // The user is gone, and its keys with it.
    if (failure instanceof TargetRefused && isNamed(failure.cause, 'NoSuchEntity')) return [];
    throw failure;
  });
  if (!listed.some((item) => item.id === id)) return;
  throw new TargetUnavailable(`${what}: IAM answered NoSuchEntity, but still lists it.`, { cause: error });
}
