import * as v from 'valibot';
import { declared } from '../declared.ts';
import { CompleteSecretArn } from '../grammar/aws-names.ts';
import { convergenceBoundOf, everyRotated } from '../manifest/entries/manifest-entry.ts';
import { keysOf, readStrictly } from '../manifest/entries/manifest-issues.ts';
import type { ApiKeyManifestSecret } from '../manifest/entries/manifest-secret-types.ts';
import { ApiKeyValue } from '../payloads/api-key.ts';
import { ApiKeySettings, unsafeApiKeyTiming } from '../settings/api-key.ts';
import type { KindContract } from './kind-contract.ts';
import { rotationIntervalSeconds } from './rotation-interval.ts';

const entry = declared<ApiKeyManifestSecret>()(
  v.strictObject({
    kind: v.literal('api-key'),
    provider: v.picklist(['bedrock', 'iam-access-key', 'generated', 'http']),
    /** The provider's own settings; its schema parses them. */
    parameters: v.optional(v.record(v.string(), v.unknown()), {}),
    ...everyRotated,
  }),
);

export const apiKeyContract = {
  payload: ApiKeyValue,
  settings: ApiKeySettings,
  entry,
  problems: apiKeyProblems,
  rotator: apiKeySettings,
  newSecret: {
    length: 64,
    neededMembers: [],
    impossible: ({ provider }) =>
      provider === 'generated' ? undefined : `the first key of provider "${provider}" cannot be generated here.`,
  },
} satisfies KindContract<'api-key'>;

function apiKeyProblems(secret: ApiKeyManifestSecret): string[] {
  const read = readStrictly(ApiKeySettings, apiKeySettings(secret), keysOf(ApiKeySettings));
  if ('problems' in read) return read.problems.map((problem) => `parameters: ${problem.replace('the manifest: ', '')}`);
  // The reader of settings takes what a construct knows of an imported secret; a person knows the whole.
  if (read.value.provider === 'http' && !v.is(CompleteSecretArn, read.value.admin.secretArn)) {
    return ['parameters: admin.secretArn: expected the complete ARN of a secret, with the six characters at its end.'];
  }
  const timing = {
    rotationIntervalSeconds: rotationIntervalSeconds(secret),
    gracePeriodSeconds: secret.gracePeriodSeconds,
  };
  return unsafeApiKeyTiming(read.value, timing).map((problem) => `parameters: ${problem}`);
}

/** The rotator's settings: the provider's parameters, and what the manifest says elsewhere. */
export function apiKeySettings(secret: ApiKeyManifestSecret): Record<string, unknown> {
  return {
    ...(secret.consumers.length > 0 && { convergenceBoundSeconds: convergenceBoundOf(secret) }),
    promotionTimeoutSeconds: secret.promotionTimeoutSeconds,
    ...secret.parameters,
    provider: secret.provider,
  };
}
