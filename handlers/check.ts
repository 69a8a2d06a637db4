import { setTimeout as wait } from 'node:timers/promises';
import { BedrockRuntimeClient } from '@aws-sdk/client-bedrock-runtime';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { bedrockCheck } from '../pipeline/checks/bedrock.ts';
import type { Check } from '../pipeline/checks/check.ts';
import { consumerCheck } from '../pipeline/checks/consumer.ts';
import { httpCheck } from '../pipeline/checks/http.ts';
import { jwksCheck } from '../pipeline/checks/jwks.ts';
import { runCheck } from '../pipeline/checks/run-check.ts';
import type { CheckVerdict } from '../pipeline/contracts/check.ts';
import type { DatabaseCheckType, OwnCheckType } from '../pipeline/contracts/check-types.ts';
import { environmentText, readEnvironment } from './wiring/environment.ts';

const { AWS_REGION } = readEnvironment({ AWS_REGION: environmentText });
const now = () => new Date();
const secretsManager = new SecretsManagerClient({});

/** A client holds a key for one check only: the next rotation brings another one. */
function bedrockIn(region: string, key?: string): BedrockRuntimeClient {
  const asKey = key !== undefined && { token: { token: key }, authSchemePreference: ['httpBearerAuth'] };
  return new BedrockRuntimeClient({ region, maxAttempts: 1, ...asKey });
}

const checks = {
  bedrock: bedrockCheck({ secretsManager, bedrockIn, region: AWS_REGION, now }),
  // A canary is sent once: the workflow tries again, and the function may be slow on purpose.
  consumer: consumerCheck({ lambda: new LambdaClient({ maxAttempts: 1 }), secretsManager, now }),
  http: httpCheck({ secretsManager, now }),
  jwks: jwksCheck({ secretsManager, now, sleep: (milliseconds) => wait(milliseconds) }),
} satisfies Record<Exclude<OwnCheckType, DatabaseCheckType>, Check<any>>;

/** Task state RunCheck for everything but databases. */
export async function handler(event: unknown): Promise<CheckVerdict> {
  return runCheck(checks, event, now);
}
