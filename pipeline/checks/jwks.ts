import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { isHmac } from '@keyturn/consumer/contracts/hmac-keys';
import { JwtPayload, type RingKey } from '@keyturn/consumer/contracts/jwt';
import { publicJwk } from '@keyturn/consumer/contracts/key-ring';
import { quote } from '@keyturn/consumer/contracts/quote';
import { placeOf } from '@keyturn/consumer/contracts/redirect';
import * as v from 'valibot';
import { JwksCheckParameters } from '../contracts/settings/checks.ts';
import { PayloadInvalid } from '../rotators/errors.ts';
import { adoptKey } from '../rotators/jwt/ring-key.ts';
import { parsePayload } from '../rotators/parse-payload.ts';
import type { Check, CheckSubject } from './check.ts';
import { CheckFailed, CheckInterrupted, CheckUnable } from './errors.ts';
import { readCurrent } from './read-current.ts';
import { refuseNotNow } from './status-faults.ts';
import { visitUrl } from './visit.ts';

export interface JwksCheckDependencies {
  /** GetSecretValue of the secret under test: the current key's id is in it. */
  secretsManager: Pick<SecretsManagerClient, 'send'>;
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
}

/** A check answers within a minute, and says what it found before that. */
const LATE_SECONDS = 40;
const PAUSE_MILLISECONDS = 2_000;

/** RFC 7518, sections 6.2.2, 6.3.2 and 6.4: members that only the issuer may know. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

const KeySet = v.looseObject({ keys: v.array(v.looseObject({ kty: v.string(), kid: v.optional(v.string()) })) });
type PublishedKey = v.InferOutput<typeof KeySet>['keys'][number];

/** Fetches the key set as a verifier would: nothing private in it, the current key in it, and cached no longer than allowed. */
export function jwksCheck(dependencies: JwksCheckDependencies): Check<JwksCheckParameters> {
  return {
    parameters: JwksCheckParameters,
    async run(subject, parameters) {
      const expected = await currentKey(dependencies.secretsManager, subject);
      const { place, keys, headers, milliseconds } = await awaitKey(dependencies, expected, parameters);
      requireCurrent(place, keys, expected);
      const maxAgeSeconds = judgeCacheControl(place, headers.get('cache-control'), parameters.longestMaxAgeSeconds);
      return {
        observed: `${place} shows ${keys.length} keys, the current one ${expected.kid} among them, for ${maxAgeSeconds} seconds`,
        measured: { keys: keys.length, maxAgeSeconds, latencyMilliseconds: milliseconds },
      };
    },
  };
}

/** Asks again, for so long as a cache on the way may be late, until the current key is in the set. */
async function awaitKey(
  { now, sleep }: JwksCheckDependencies,
  expected: RingKey,
  parameters: JwksCheckParameters,
): Promise<{ place: string; keys: PublishedKey[]; headers: Headers; milliseconds: number }> {
  const place = placeOf(new URL(parameters.url));
  const deadline = now().getTime() + LATE_SECONDS * 1000;
  for (;;) {
    const startedAt = now().getTime();
    const { status, headers, text } = await visitUrl({ ...parameters, followsRedirects: true, secrets: [] });
    const milliseconds = now().getTime() - startedAt;
    refuseStatus(place, status);
    const keys = parseKeySet(place, text);
    refusePrivate(place, keys);
    if (findKey(keys, expected) || now().getTime() >= deadline) return { place, keys, headers, milliseconds };
    await sleep(PAUSE_MILLISECONDS);
  }
}

function findKey(keys: readonly PublishedKey[], { kid }: RingKey): PublishedKey | undefined {
  return keys.find((key) => key.kid === kid);
}

async function currentKey(client: Pick<SecretsManagerClient, 'send'>, subject: CheckSubject): Promise<RingKey> {
  const { value } = await readCurrent(client, subject);
  const payload = parsePayload(subject.secretArn, JwtPayload, value);
  const algorithm = payload.jwt_key_ring?.current.alg ?? payload.jwt_algorithm;
  if (isHmac(algorithm)) {
    throw new CheckUnable(
      'NoPublicKey',
      `${subject.secretName}: ${algorithm} keys are symmetric, and a key set must never show them. Remove the check.`,
    );
  }
  if (payload.jwt_key_ring) return payload.jwt_key_ring.current;
  try {
    return await adoptKey(payload.jwt_algorithm, payload.jwt_secret_key);
  } catch {
    // The cause is dropped on purpose: it may quote the key.
    throw new PayloadInvalid(`${subject.secretName}: jwt_secret_key is no ${payload.jwt_algorithm} key.`);
  }
}

/** Without a key set nothing is known of the key: that is no verdict. */
function refuseStatus(place: string, status: number): void {
  if (status === 200) return;
  refuseNotNow(place, status, 200);
  throw new CheckInterrupted('UnexpectedStatus', `${place}: answers ${status}, expected 200.`);
}

function parseKeySet(place: string, text: string): PublishedKey[] {
  try {
    return v.parse(KeySet, JSON.parse(text)).keys;
  } catch {
    // The cause is dropped on purpose: it quotes what came, which may be a private key.
    throw new CheckFailed(
      'JwksInvalid',
      `${place}: expected a JSON object with "keys" (RFC 7517), came something else.`,
    );
  }
}

function refusePrivate(place: string, keys: PublishedKey[]): void {
  const exposed = keys.filter((key) => privateMembers.some((member) => Object.hasOwn(key, member)));
  if (exposed.length === 0) return;
  const ids = quote(exposed.map(({ kid }) => kid ?? 'one without a kid').join(', '), secretsOf(keys));
  throw new CheckFailed(
    'PrivateKeyPublished',
    `${place}: private members of key ${ids} are public. Take the address down, then: keyturn rotate NAME --emergency.`,
  );
}

/** What a key set shows although only the issuer may know it; a `kid` could repeat it. */
function secretsOf(keys: PublishedKey[]): string[] {
  const values = keys.flatMap((key) => privateMembers.map((member) => key[member]));
  return values.filter((value): value is string => typeof value === 'string');
}

/** Verifiers refuse what a key signs that is not in the set, or stands there with another public key. */
function requireCurrent(place: string, keys: PublishedKey[], expected: RingKey): void {
  const published = findKey(keys, expected);
  if (!published) {
    throw new CheckFailed(
      'KeyNotPublished',
      `${place}: the current key ${expected.kid} is not in the key set, for ${LATE_SECONDS} seconds.`,
    );
  }
  const { kty, crv, n, e, x, y } = publicJwk(expected) ?? {};
  const differs = Object.entries({ kty, crv, n, e, x, y }).some(([member, value]) => published[member] !== value);
  if (differs) {
    throw new CheckFailed('KeyNotPublished', `${place}: key ${expected.kid} is shown with another public key.`);
  }
}

/** RFC 9111, section 5.2: the seconds for which a verifier's or a shared cache may keep the set. */
function judgeCacheControl(place: string, header: string | null, longestSeconds: number): number {
  const directives = new Map(
    (header ?? '').split(',').map((directive) => {
      const [name = '', value = ''] = directive.trim().toLowerCase().split('=');
      return [name, value.replaceAll('"', '')] as const;
    }),
  );
  if (directives.has('no-store') || directives.has('no-cache')) return 0;
  const ages = ['max-age', 's-maxage'].map((name) => directives.get(name)).filter((age) => age !== undefined);
  const seconds = Math.max(...ages.map((age) => (/^\d+$/.test(age) ? Number(age) : Number.NaN)));
  if (ages.length === 0 || Number.isNaN(seconds)) {
    throw new CheckFailed(
      'CacheControlUnfit',
      `${place}: Cache-Control says no max-age, so it is unknown how long verifiers keep the keys. Send one.`,
    );
  }
  if (seconds <= longestSeconds) return seconds;
  throw new CheckFailed(
    'CacheControlUnfit',
    `${place}: Cache-Control lets verifiers keep keys for ${seconds} seconds, allowed are ${longestSeconds}.`,
  );
}
