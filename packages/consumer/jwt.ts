/** Signs and verifies tokens with keys that rotate. */
export type { JwksOptions } from './jwks-source.ts';
export { JwtSigner, type JwtSignerOptions, type TokenClaims } from './jwt-signer.ts';
export { JwtVerifier, type JwtVerifierOptions, type VerifiedToken } from './jwt-verifier.ts';
