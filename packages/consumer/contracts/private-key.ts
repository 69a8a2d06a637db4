import { createPrivateKey } from 'node:crypto';

/**
 * Reads a private key as PEM (PKCS #8, PKCS #1 or SEC 1), also with line ends written as `\\n`, as environment variables hold
 * them. The rotator takes over a secret's first key by this function, and signers read it, so both take the same forms.
 * @throws an engine's error where the text is no private key
 * @internal
 */
export function privateJwk(pem: string): Record<string, unknown> & { readonly kty: string } {
  return createPrivateKey(pem.replaceAll('\\n', '\n')).export({ format: 'jwk' }) as never;
}
