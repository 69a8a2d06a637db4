import type { ApiKeySettings } from '../../contracts/settings/api-key.ts';
import { TargetRefused } from '../errors.ts';
import type { Rotation } from '../rotator.ts';
import { awaitActivation } from './activation.ts';
import type { ApiKeyDependencies } from './dependencies.ts';
import { type ApiKeyVersion, credentialOf, type KeyAccount } from './key-account.ts';

/** A check that the previous key still works, before AWSCURRENT goes back to it, is given so many tries. */
const RESTORE_TRIES = 3;
const RESTORE_PAUSE_MILLISECONDS = 1_000;

/**
 * Waits until the vendor accepts the candidate for the first time. Nothing is written, but a candidate that was given up is
 * revoked: the guard keeps its refusal from being taken for a verdict about the key.
 */
export async function waitForCandidate(
  dependencies: ApiKeyDependencies,
  account: KeyAccount,
  rotation: Rotation<ApiKeySettings>,
  versions: { current: ApiKeyVersion; pending: ApiKeyVersion },
): Promise<void> {
  await rotation.assertNotOvertaken();
  await prove(dependencies, account, { ...versions, emergency: rotation.emergency, consecutiveAcceptances: 1 });
}

/** Proves that the candidate works, so often in a row that it works on every node. */
export function proveCandidate(
  dependencies: ApiKeyDependencies,
  account: KeyAccount,
  rotation: Rotation<ApiKeySettings>,
  versions: { current: ApiKeyVersion; pending: ApiKeyVersion },
): Promise<void> {
  const { consecutiveAcceptances } = account.settings;
  return prove(dependencies, account, { ...versions, emergency: rotation.emergency, consecutiveAcceptances });
}

/** AWSCURRENT does not go back to a key that the vendor refuses. No answer is not a refusal. */
export async function provePrevious(
  dependencies: ApiKeyDependencies,
  account: KeyAccount,
  previous: ApiKeyVersion,
): Promise<void> {
  const credential = credentialOf(account, previous);
  for (let attempt = 1; ; attempt += 1) {
    const verdict = await account.provider.verify(credential);
    if (verdict.verdict !== 'refused') return;
    if (attempt === RESTORE_TRIES) {
      throw new TargetRefused(
        `${account.secretName}: the previous key does not work any more: ${verdict.reason}. Put a working value by hand; the pipeline then propagates and checks it.`,
      );
    }
    await dependencies.sleep(RESTORE_PAUSE_MILLISECONDS);
  }
}

async function prove(
  dependencies: ApiKeyDependencies,
  account: KeyAccount,
  options: { current: ApiKeyVersion; pending: ApiKeyVersion; emergency: boolean; consecutiveAcceptances: number },
): Promise<void> {
  const candidate = credentialOf(account, options.pending);
  const held = options.emergency ? undefined : credentialOf(account, options.current);
  await awaitActivation(() => account.provider.verify(candidate, held), {
    what: `${account.secretName}: the new key`,
    consecutiveAcceptances: options.consecutiveAcceptances,
    timeoutSeconds: account.settings.activationTimeoutSeconds,
    now: dependencies.now,
    sleep: dependencies.sleep,
  });
}
