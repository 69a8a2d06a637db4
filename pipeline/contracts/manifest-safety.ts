import { KeyturnError } from './errors.ts';
import { Manifest, type ManifestSecret } from './manifest.ts';
import { parse } from './parse.ts';

/** Settings of the manifest do not fit together; the message says what to write instead. */
export class ManifestUnsafe extends KeyturnError {
  readonly code = 'ManifestUnsafe';

  constructor(problems: string[]) {
    super(problems.join('\n'));
  }
}

/** Parses a manifest and refuses what would break a promise. @throws InputInvalid | ManifestUnsafe */
export function parseManifest(input: unknown): Manifest {
  const manifest = parse('The manifest', Manifest, input);
  const problems = Object.entries(manifest.secrets).flatMap(([name, secret]) =>
    unsafeCombinations(secret).map((problem) => `secrets["${name}"]: ${problem}`),
  );
  if (problems.length > 0) throw new ManifestUnsafe(problems);
  return manifest;
}

/** Each of these would retire what somebody uses, or leave nothing that works. */
function unsafeCombinations(secret: ManifestSecret): string[] {
  if (secret.kind === 'watched') return [];
  const problems: string[] = [];
  const bound = Math.max(
    0,
    ...secret.consumers.map((consumer) => consumer.maxAgeSeconds + consumer.longestInvocationSeconds),
  );
  if (secret.gracePeriodSeconds < bound) {
    problems.push(
      `gracePeriodSeconds is ${secret.gracePeriodSeconds}, but the slowest consumer is on the new value only after ${bound} seconds ` +
        `(maxAgeSeconds + longestInvocationSeconds). Write "gracePeriodSeconds": ${bound} or more, or a shorter maxAgeSeconds.`,
    );
  }
  if (secret.gracePeriodSeconds >= secret.nativeIntervalDays * 86_400) {
    problems.push(
      `gracePeriodSeconds is ${secret.gracePeriodSeconds}, as long as the native interval of ${secret.nativeIntervalDays} days: ` +
        'each rotation would be refused inside the grace period of the one before. Write a shorter grace period.',
    );
  }
  if (secret.kind === 'postgres') problems.push(...unsafePostgres(secret));
  for (const check of secret.checks) {
    if (check.type === 'function' && !check.function) {
      problems.push('a check of type "function" names its function: write "function": "<name or ARN>".');
    }
  }
  return problems;
}

function unsafePostgres(secret: Extract<ManifestSecret, { kind: 'postgres' }>): string[] {
  const problems: string[] = [];
  if (secret.strategy === 'superuser' && secret.superuserSecret) {
    problems.push(
      'strategy "superuser" changes the password through the RDS API and needs no superuserSecret. Remove it.',
    );
  }
  if (secret.strategy === 'superuser' && secret.proxy) {
    problems.push(
      'a superuser does not log in through RDS Proxy. Remove "proxy", or rotate a login of the application.',
    );
  }
  if (
    secret.strategy === 'single-user' &&
    secret.gracePeriodSeconds > 0 &&
    secret.consumers.some((c) => c.freshness === 'expire')
  ) {
    problems.push(
      'strategy "single-user" has no overlap: a consumer with "freshness": "expire" would fail until its cache expires. ' +
        'Write "notify" with the healing reader, or "recycle", or the strategy "alternating-users".',
    );
  }
  return problems;
}

/** The member that Secrets Manager generates the first value of a new secret into. None: the whole value. */
export function generatedMember(kind: ManifestSecret['kind']): string | undefined {
  return { postgres: 'password', jwt: 'jwt_secret_key', 'api-key': undefined, watched: undefined }[kind];
}
