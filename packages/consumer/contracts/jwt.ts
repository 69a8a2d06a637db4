import * as v from 'valibot';

export const jwtAlgorithms = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;
export type JwtAlgorithm = (typeof jwtAlgorithms)[number];

const Jwk = v.looseObject({ kty: v.string() });

/** A key of the ring: a private or symmetric JWK, and its algorithm. */
export const RingKey = v.looseObject({
  kid: v.pipe(v.string(), v.nonEmpty()),
  alg: v.picklist(jwtAlgorithms),
  jwk: Jwk,
  /** When the key was made, ISO 8601. */
  createdAt: v.optional(v.string()),
  /** `previous` only: until when its tokens are accepted, ISO 8601. Verifiers and the JWKS obey it. */
  verifyUntil: v.optional(v.string()),
});
export type RingKey = v.InferOutput<typeof RingKey>;

/**
 * The keys of a secret: previous, current and next. `next` is published a whole rotation before it signs. `previous`
 * verifies until its tokens have ended, and has no private part.
 */
export const KeyRing = v.looseObject({
  previous: v.optional(v.nullable(RingKey)),
  current: RingKey,
  next: v.optional(v.nullable(RingKey)),
});
export type KeyRing = v.InferOutput<typeof KeyRing>;

const minutes = v.pipe(v.number(), v.minValue(0.01));
const minutesAsText = v.pipe(
  v.string(),
  v.regex(/^\d{1,9}(\.\d{1,9})?$/, 'a number of minutes'),
  v.check((text) => Number(text) >= 0.01, 'a number of minutes'),
);

const fields = {
  jwt_secret_key: v.pipe(v.string(), v.nonEmpty()),
  jwt_algorithm: v.optional(v.picklist(jwtAlgorithms), 'HS256'),
  jwt_issuer: v.optional(v.string()),
  jwt_audience: v.optional(v.union([v.string(), v.array(v.string())])),
  jwt_key_ring: v.optional(KeyRing),
};

/**
 * The value of a JWT secret: the five usual fields, and a key ring. `jwt_secret_key` is always the current key in the form
 * that libraries take: the text of a symmetric key, or the private key as PEM. Unknown fields are kept.
 */
export const JwtPayload = v.looseObject({
  ...fields,
  jwt_access_token_expire_minutes: v.optional(v.union([minutes, v.pipe(minutesAsText, v.transform(Number))])),
});
export type JwtPayload = v.InferOutput<typeof JwtPayload>;

/** The same value as it is stored. A number stays a number and a text stays a text when it is written back. */
export const StoredJwtPayload = v.looseObject({
  ...fields,
  jwt_access_token_expire_minutes: v.optional(v.union([minutes, minutesAsText])),
});
export type StoredJwtPayload = v.InferOutput<typeof StoredJwtPayload>;
