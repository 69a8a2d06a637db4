import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { BedrockClient } from '@aws-sdk/client-bedrock';
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { IAMClient } from '@aws-sdk/client-iam';
import { STSClient } from '@aws-sdk/client-sts';
import { ApiKeySettings } from '../../../pipeline/contracts/settings/api-key.ts';
import { createApiKeyRotator } from '../../../pipeline/rotators/api-key/api-key-rotator.ts';

/** An answer that does not come leaves the function time for another try; `fetch` has the settings' own. */
const requestHandler = { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true };

import { defineKind } from '../served-kind.ts';

/** What the functions of this kind work with. */
export const apiKeyKind = defineKind({
  settings: ApiKeySettings,
  rotator: ({ secretsManager, now }) => {
    let iam: IAMClient | undefined;
    let iamOnce: IAMClient | undefined;
    return createApiKeyRotator({
      secretsManager,
      iam: () => {
        iam ??= new IAMClient({ requestHandler });
        return iam;
      },
      iamOnce: () => {
        iamOnce ??= new IAMClient({ maxAttempts: 1, requestHandler });
        return iamOnce;
      },
      // These answer at once or the caller tries again by its own clock, so the SDK need not.
      stsWith: (credentials) => new STSClient({ credentials, maxAttempts: 1, requestHandler }),
      bedrockWith: ({ token, region }) => {
        const options = {
          ...(region !== undefined && { region }),
          token: { token },
          authSchemePreference: ['httpBearerAuth'],
          maxAttempts: 1,
          requestHandler,
        };
        return { control: () => new BedrockClient(options), runtime: () => new BedrockRuntimeClient(options) };
      },
      fetch,
      now,
      sleep: (milliseconds) => wait(milliseconds),
      randomBytes,
    });
  },
});
