import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';

/** What the rotator of a secret has to know: its settings, and the secrets that it needs beside its own. */
export interface RotatorProps {
  /** The rotator's own settings, such as strategy and superuser: docs/constructs.md#settings-of-the-kinds. */
  readonly rotator: Record<string, unknown>;
  /**
   * Secrets that the rotation reads: the superuser's, or the admin key's.
   * @default - none
   */
  readonly reads?: secretsmanager.ISecret[];
  /**
   * `postgres` behind an RDS Proxy with password authentication: the secrets of both logins, registered with it.
   * @default - consumers connect to the instance
   */
  readonly proxy?: RotatedSecretProxy;
}

/** An RDS Proxy that authenticates by password, and that consumers connect to. */
export interface RotatedSecretProxy {
  /** DBProxyName. */
  readonly proxyName: string;
  /** The host that consumers connect to. */
  readonly endpoint: string;
  /** Made by `ProxyLogins`, or registered before. */
  readonly logins: ProxyLoginSecrets;
  /**
   * Who owns what the second login creates: `init-query` where the proxy's InitQuery is SET ROLE to the owner role,
   * else each rotation hands it over.
   * @default 'reassign'
   */
  readonly ownership?: 'init-query' | 'reassign';
}

/** The secrets of both logins, registered with a proxy. `ProxyLogins` is one. */
export interface ProxyLoginSecrets {
  /** The login that the secret begins with. */
  readonly base: secretsmanager.ISecret;
  /** The login that the first rotation makes. */
  readonly second: secretsmanager.ISecret;
}
