import * as v from 'valibot';
import { type ApiKeyPayload, ApiKeyValue } from '../../contracts/payloads/api-key.ts';
import type { ApiKeySettings } from '../../contracts/settings/api-key.ts';
import { PayloadInvalid } from '../errors.ts';
import type { Rotator } from '../rotator.ts';
import { createCandidate } from './create-candidate.ts';
import { serializePayload } from './credential.ts';
import type { ApiKeyDependencies } from './dependencies.ts';
import { gatherUseEvidence } from './evidence.ts';
import { openAccount } from './key-account.ts';
import { proveCandidate, provePrevious, waitForCandidate } from './prove.ts';
import { revokeCandidate, revokePrevious, sweepCredentials } from './revoke-credentials.ts';
import { verifyCredentials } from './verify-credentials.ts';

/**
 * API keys of vendors, of AWS, and of our own making. A new key is made beside the one in use, waited for, proven and
 * promoted; the previous one is revoked after grace. What is revoked goes by ids, and no id that a wanted version holds is
 * ever among them.
 */
export function createApiKeyRotator(dependencies: ApiKeyDependencies): Rotator<ApiKeyPayload, ApiKeySettings> {
  return {
    kind: 'api-key',
    parse: parseValue,
    serialize: serializePayload,
    create: (rotation, { current }) => createCandidate(openAccount(dependencies, rotation), rotation, current),
    sweep: (rotation, versions) => sweepCredentials(openAccount(dependencies, rotation), rotation.token, versions),
    set: (rotation, versions) =>
      waitForCandidate(dependencies, openAccount(dependencies, rotation), rotation, versions),
    test: (rotation, versions) => proveCandidate(dependencies, openAccount(dependencies, rotation), rotation, versions),
    async abandon(rotation, { current, candidate }) {
      if (candidate) await revokeCandidate(openAccount(dependencies, rotation), { current, candidate });
    },
    restore: (rotation, { previous }) => provePrevious(dependencies, openAccount(dependencies, rotation), previous),
    gatherEvidence: (rotation, versions) =>
      gatherUseEvidence(openAccount(dependencies, rotation), versions, dependencies.now()),
    retire: (rotation, versions) => revokePrevious(openAccount(dependencies, rotation), versions),
    verify: (rotation, versions) => verifyCredentials(openAccount(dependencies, rotation), versions),
  };
}

function parseValue(secretArn: string, value: string): ApiKeyPayload {
  const result = v.safeParse(ApiKeyValue, value);
  if (result.success) return result.output;
  throw new PayloadInvalid(`${secretArn}: expected an API key, or JSON with one in it; came nothing.`);
}
