import { importJWK, type JWK, jwtVerify, SignJWT } from 'jose';
import { verificationKeys } from '../../contracts/key-ring.ts';
import { type JwtAlgorithm, JwtPayload, type KeyRing, type RingKey } from '../../contracts/payloads/jwt.ts';
import type { JwtSettings } from '../../contracts/settings/jwt.ts';
import { CandidateRejected, PayloadInvalid } from '../errors.ts';
import { parsePayload } from '../parse-payload.ts';
import type { RetirementEvidence, Rotation, Rotator } from '../rotator.ts';
import { adoptKey, generateRingKey, isSymmetric, secretKeyText } from './ring-key.ts';

const DEFAULT_TOKEN_LIFETIME_SECONDS = 3_600;
const CLOCK_SKEW_SECONDS = 60;

export interface JwtRotatorDependencies {
  now(): Date;
}

/**
 * JWT signing keys, as a ring of previous · current · next in the secret itself. There is no target outside: to promote
 * the version is to rotate. `next` is published one whole rotation before it signs, so a verifier with a stale cache
 * knows it already; `previous` carries until when its tokens are accepted, and every verifier judges by that, so that
 * retiring it needs no further write.
 */
export function createJwtRotator({ now }: JwtRotatorDependencies): Rotator<JwtPayload, JwtSettings> {
  return {
    kind: 'jwt',
    parse: (secretArn, value) => parsePayload(secretArn, JwtPayload, value),
    serialize: (payload) => JSON.stringify(payload),
    create: (rotation, { current }) => createRing(rotation, current.payload, now()),
    set: async () => undefined,
    test: (rotation, { current, pending }) => testRing(current.payload, pending.payload, rotation.emergency, now()),
    abandon: async () => undefined,
    restore: async () => undefined,
    gatherEvidence: async (rotation, { current, promotedAt }) =>
      gatherTokenEvidence(rotation, current.payload, promotedAt),
    retire: async () => undefined,
  };
}

/**
 * 1. An emergency: one fresh key and nothing else; `next` lay in the same secret and is compromised with it.
 * 2. No ring yet: the key is taken over as it is, and `next` is published beside it. It signs from the next rotation on.
 * 3. A ring: current becomes previous, next becomes current, and a new next is published.
 */
async function createRing(rotation: Rotation<JwtSettings>, payload: JwtPayload, now: Date): Promise<JwtPayload> {
  const algorithm = rotation.settings.algorithm ?? payload.jwt_algorithm;
  const make = () => generateRingKey(algorithm, { now, rsaModulusBits: rotation.settings.rsaModulusBits });
  if (rotation.emergency) return withRing(payload, { current: await make(), next: await make() });
  const ring = payload.jwt_key_ring;
  if (!ring) return withRing(payload, { current: await takeOver(rotation, payload), next: await make() });
  const verifyUntil = new Date(
    now.getTime() + previousLifetimeSeconds(rotation.settings, payload) * 1000,
  ).toISOString();
  const previous = { ...ring.current, verifyUntil };
  if (!ring.next) return withRing(payload, { current: ring.current, next: await make() });
  return withRing(payload, { previous, current: ring.next, next: await make() });
}

async function takeOver(rotation: Rotation<JwtSettings>, payload: JwtPayload): Promise<RingKey> {
  try {
    return await adoptKey(payload.jwt_algorithm, payload.jwt_secret_key);
  } catch {
    // The cause is dropped on purpose: it may quote the key.
    throw new PayloadInvalid(
      `${rotation.secretName}: jwt_secret_key is no ${payload.jwt_algorithm} key. Expected ${isSymmetric(payload.jwt_algorithm) ? 'text' : 'a private key as PKCS #8 PEM'}.`,
    );
  }
}

async function withRing(payload: JwtPayload, ring: KeyRing): Promise<JwtPayload> {
  return {
    ...payload,
    jwt_secret_key: await secretKeyText(ring.current),
    jwt_algorithm: ring.current.alg,
    jwt_key_ring: ring,
  };
}

/** From the making of the candidate on: it is promoted, signers converge, and then the last token of the old key lives out. */
function previousLifetimeSeconds(settings: JwtSettings, payload: JwtPayload): number {
  return (
    settings.promotionTimeoutSeconds +
    settings.convergenceBoundSeconds +
    tokenLifetimeSeconds(settings, payload) +
    CLOCK_SKEW_SECONDS
  );
}

export function tokenLifetimeSeconds(settings: JwtSettings, payload: JwtPayload): number {
  if (settings.longestTokenLifetimeSeconds !== undefined) return settings.longestTokenLifetimeSeconds;
  const minutes = payload.jwt_access_token_expire_minutes;
  return minutes === undefined ? DEFAULT_TOKEN_LIFETIME_SECONDS : Math.ceil(minutes * 60);
}

/**
 * A token signed with the new current key is verified by the pending ring and by the ring that stale consumers hold; a
 * token of the key that signs today is verified by the pending ring. (Neither holds after an emergency: there the old
 * keys are meant to be refused.)
 */
async function testRing(current: JwtPayload, pending: JwtPayload, isEmergency: boolean, now: Date): Promise<void> {
  const ring = pending.jwt_key_ring;
  if (!ring) throw new CandidateRejected('The candidate has no key ring: createSecret has not stored one.');
  if ((await secretKeyText(ring.current)) !== pending.jwt_secret_key) {
    throw new CandidateRejected('The candidate’s jwt_secret_key is not the current key of its ring.');
  }
  const token = await sign(ring.current, now);
  await verify(token, verificationKeys(ring, now), 'the candidate’s own ring', now);
  if (isEmergency) return;
  const held = await heldKeys(current, now);
  await verify(token, held, 'the ring that stale consumers hold', now);
  const signsToday = current.jwt_key_ring?.current ?? (await adoptKey(current.jwt_algorithm, current.jwt_secret_key));
  await verify(
    await sign(signsToday, now),
    verificationKeys(ring, now),
    'the candidate’s ring, for tokens issued until now',
    now,
  );
}

async function heldKeys(payload: JwtPayload, now: Date): Promise<RingKey[]> {
  if (payload.jwt_key_ring) return verificationKeys(payload.jwt_key_ring, now);
  return [await adoptKey(payload.jwt_algorithm, payload.jwt_secret_key)];
}

async function sign(key: RingKey, now: Date): Promise<string> {
  const seconds = Math.floor(now.getTime() / 1000);
  return new SignJWT({ purpose: 'rotation test' })
    .setProtectedHeader({ alg: key.alg, kid: key.kid })
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + 60)
    .sign(await importKey(key));
}

async function verify(token: string, keys: RingKey[], by: string, now: Date): Promise<void> {
  const kid = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8')).kid as string;
  const key = keys.find((candidate) => candidate.kid === kid);
  if (!key) throw new CandidateRejected(`A token of key ${kid} would be refused by ${by}: the key is not in it.`);
  await jwtVerify(token, await importKey(publicPart(key)), { algorithms: [key.alg], currentDate: now });
}

function publicPart(key: RingKey): RingKey {
  if (key.jwk.kty === 'oct') return key;
  const { d, p, q, dp, dq, qi, ...jwk } = key.jwk as JWK;
  return { ...key, jwk: jwk as RingKey['jwk'] };
}

function importKey(key: RingKey) {
  return importJWK(key.jwk as JWK, key.alg as JwtAlgorithm);
}

/** Tokens cannot be counted: the evidence is time, the longest lifetime since the last signer converged. */
function gatherTokenEvidence(
  rotation: Rotation<JwtSettings>,
  current: JwtPayload,
  promotedAt: Date,
): RetirementEvidence {
  const lifetime = tokenLifetimeSeconds(rotation.settings, current);
  const seconds = rotation.settings.convergenceBoundSeconds + lifetime + CLOCK_SKEW_SECONDS;
  return {
    blockers: [],
    notBefore: new Date(promotedAt.getTime() + seconds * 1000),
    observed: `tokens live ${lifetime} seconds at the longest, and signers converge within ${rotation.settings.convergenceBoundSeconds} seconds of ${promotedAt.toISOString()}`,
  };
}
