import type { RDSClient } from '@aws-sdk/client-rds';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Connect } from './connect.ts';

export interface PostgresRotatorDependencies {
  /** GetSecretValue and DescribeSecret of superuser secrets, PutSecretValue of a proxy's login secrets; nothing else. */
  secretsManager: Pick<SecretsManagerClient, 'send'>;
  /** Made when it is needed: for RDS-managed superuser secrets, replicas, and the superuser strategy. */
  rds(): Pick<RDSClient, 'send'>;
  now(): Date;
  randomBytes(size: number): Buffer;
  /** Certificates to trust: PEM text, or the path of a file that holds it. */
  caBundle: string;
  /** How a session is opened; missing: with `pg`, verifying the server's certificate and name. */
  connect?: Connect;
  /** Waits; missing: by the clock. */
  sleep?(milliseconds: number): Promise<void>;
}

/** The same, with what was missing filled in. */
export interface Tools extends PostgresRotatorDependencies {
  connect: Connect;
  sleep(milliseconds: number): Promise<void>;
}
