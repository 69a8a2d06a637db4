import * as v from 'valibot';
import {
  convergenceBoundOf,
  type ManifestSecret,
  type PostgresManifestSecret,
  type RotatedManifestSecret,
} from './manifest.ts';
import { describeManifestIssue, keysOf } from './manifest-issues.ts';
import { scheduleIntervalSeconds } from './manifest-schedule.ts';
import { ApiKeySettings, unsafeApiKeyTiming } from './settings/api-key.ts';
import { unsafeJwtTiming } from './settings/jwt.ts';

/** What does not fit together for a PostgreSQL login. Pure. */
export function postgresProblems(secret: PostgresManifestSecret): string[] {
  const problems: string[] = [];
  const { strategy, superuserSecret, proxy, database } = secret;
  if (strategy === 'superuser' && superuserSecret) {
    problems.push(
      'strategy "superuser" changes the password through the RDS API and needs no superuserSecret. Remove it.',
    );
  }
  if (strategy === 'superuser' && proxy) {
    problems.push(
      'a superuser does not log in through RDS Proxy. Remove "proxy", or rotate a login of the application.',
    );
  }
  if (strategy === 'superuser' && !database?.instance && !database?.cluster) {
    problems.push(
      'strategy "superuser" changes the password of one instance or cluster. Write "database": {"instance": "<identifier>"} or {"cluster": …}.',
    );
  }
  if (strategy === 'alternating-users' && !superuserSecret) {
    problems.push(
      'strategy "alternating-users" needs an administrator. Write "superuserSecret": "<ARN or name>", or "strategy": "single-user".',
    );
  }
  if (superuserSecret && /(^|:)rds!/.test(superuserSecret) && !database) {
    problems.push(
      'superuserSecret is managed by RDS and holds no host. Write "database": {"instance": "<identifier>"} or {"cluster": …}.',
    );
  }
  if (strategy === 'single-user' && secret.consumers.some((consumer) => consumer.freshness === 'expire')) {
    problems.push(
      'strategy "single-user" has no overlap: a consumer with "freshness": "expire" would fail until its cache expires. ' +
        'Write "notify" with the healing reader, or "recycle", or the strategy "alternating-users".',
    );
  }
  return problems;
}

/** How long a key is in use: until the schedule replaces it, or where there is none, the safety net. */
function rotationIntervalSeconds(secret: RotatedManifestSecret): number {
  return scheduleIntervalSeconds(secret.schedule) ?? secret.nativeIntervalDays * 86_400;
}

export function jwtProblems(secret: Extract<ManifestSecret, { kind: 'jwt' }>): string[] {
  const cacheAges = secret.consumers.map((consumer) => consumer.maxAgeSeconds);
  const problems = unsafeJwtTiming({
    rotationIntervalSeconds: rotationIntervalSeconds(secret),
    // The payload says it where the manifest does not; the rotator asks then.
    longestTokenLifetimeSeconds: secret.longestTokenLifetimeSeconds ?? 0,
    verifierCacheAgeSeconds: Math.max(0, secret.publicKeys?.maxAgeSeconds ?? 0, ...cacheAges),
  });
  if (secret.publicKeys && secret.algorithm?.startsWith('HS')) {
    problems.push(`keys of ${secret.algorithm} have no public part. Remove "publicKeys", or write another algorithm.`);
  }
  return problems;
}

export function apiKeyProblems(secret: Extract<ManifestSecret, { kind: 'api-key' }>): string[] {
  const parsed = v.safeParse(ApiKeySettings, apiKeySettings(secret), { abortPipeEarly: true });
  if (!parsed.success) {
    const known = keysOf(ApiKeySettings);
    return parsed.issues.map(
      (issue) => `parameters: ${describeManifestIssue(issue, known).replace('the manifest: ', '')}`,
    );
  }
  const timing = {
    rotationIntervalSeconds: rotationIntervalSeconds(secret),
    gracePeriodSeconds: secret.gracePeriodSeconds,
  };
  return unsafeApiKeyTiming(parsed.output, timing).map((problem) => `parameters: ${problem}`);
}

/** The rotator's settings: the provider's parameters, and what the manifest says elsewhere. */
export function apiKeySettings(secret: Extract<ManifestSecret, { kind: 'api-key' }>): Record<string, unknown> {
  return {
    ...(secret.consumers.length > 0 && { convergenceBoundSeconds: convergenceBoundOf(secret) }),
    promotionTimeoutSeconds: secret.promotionTimeoutSeconds,
    ...secret.parameters,
    provider: secret.provider,
  };
}
