import type { CredentialVerdict, Verification } from '../../contracts/audit.ts';
import type { ApiKeyPayload } from '../../contracts/payloads/api-key.ts';
import { PayloadInvalid, TargetUnavailable } from '../errors.ts';
import type { VerifiedVersions } from '../rotator.ts';
import { type ApiKeyVersion, credentialOf, type KeyAccount } from './key-account.ts';
import type { Credential } from './provider.ts';

/** One node's word is not the vendor's: a refusal counts when it is repeated. */
const TRIES = 3;

/**
 * Asks the vendor whether the keys that are meant to work do; keys of our own making only where their acceptor can
 * be asked. Reads only. @throws TargetUnavailable where there is no verdict
 */
export async function verifyCredentials(
  account: KeyAccount,
  { current, previous }: VerifiedVersions<ApiKeyPayload>,
): Promise<Verification> {
  return {
    current: await judge(account, current),
    ...(previous && { previous: await judge(account, previous) }),
    findings: [],
    repairable: [],
  };
}

async function judge(account: KeyAccount, version: ApiKeyVersion): Promise<CredentialVerdict> {
  const credential = readKey(account, version);
  if ('reason' in credential) return { works: false, reason: credential.reason, isUnreadable: true };
  for (let attempt = 1; ; attempt += 1) {
    const verdict = await account.provider.verify(credential);
    if (verdict.verdict === 'accepted') return { works: true };
    if (attempt < TRIES) continue;
    if (verdict.verdict === 'refused') return { works: false, reason: verdict.reason };
    throw new TargetUnavailable(
      `${account.secretName}: whether its key works could not be found out: ${verdict.reason}.`,
    );
  }
}

function readKey(account: KeyAccount, version: ApiKeyVersion): Credential | { reason: string } {
  try {
    return credentialOf(account, version);
  } catch (error) {
    // A value without a key is what an audit is to find, not a fault of the audit.
    if (error instanceof PayloadInvalid) return { reason: error.message };
    throw error;
  }
}
