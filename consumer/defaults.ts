import { RotatingSecretsProvider } from './rotating-secrets-provider.ts';

let shared: RotatingSecretsProvider | undefined;

/** The provider that every reader of this library uses unless it is given one: made at the first read. */
export function defaultProvider(): RotatingSecretsProvider {
  shared ??= new RotatingSecretsProvider();
  return shared;
}

/** Sets the shared provider, before the first read; with `undefined` the next read makes a new one. */
export function setDefaultProvider(provider: RotatingSecretsProvider | undefined): void {
  shared = provider;
}

/** `SECRET_PREFIX=prod` makes `db` mean `prod/db`; names that carry the prefix, and ARNs, are left as they are. */
export function withPrefix(secretId: string): string {
  const prefix = process.env.SECRET_PREFIX?.replace(/\/+$/, '');
  if (!prefix || secretId.startsWith('arn:') || secretId.startsWith(`${prefix}/`)) return secretId;
  return `${prefix}/${secretId}`;
}
