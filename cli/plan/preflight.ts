import type { Manifest, ManifestSecret } from '../../pipeline/contracts/manifest/manifest.ts';
import type { Hanging } from '../../pipeline/rotators/postgres/what-hangs.ts';
import type { Clients } from '../aws/clients.ts';
import type { DeployedPipeline } from '../aws/deployed-pipeline.ts';
import type { SecretFacts } from './look-at-secret.ts';

export type PreflightLevel =
  | 'ok'
  /** Goes through, with less than it could give. */
  | 'warns'
  /** A rotation would be refused, or would fail. */
  | 'blocks'
  /** Cannot be looked at from here. */
  | 'unknown';

export interface Preflight {
  readonly check: 'secret' | 'pending' | 'kms' | 'iam' | 'network' | 'database' | 'proxy' | 'password';
  readonly level: PreflightLevel;
  /** Stable, for programs. */
  readonly code: string;
  readonly text: string;
  /** What fixes it: a command, a statement, or what to write. */
  readonly remedy?: string;
  /** What hangs on the logins of a database, and what becomes of each. */
  readonly hanging?: readonly Hanging[];
}

/** What the preflights of one secret look at. */
export interface Subject {
  readonly manifest: Manifest;
  readonly entry: ManifestSecret;
  readonly facts: SecretFacts;
  readonly clients: Clients;
  /** Undefined before the first deployment. */
  readonly pipeline: DeployedPipeline | undefined;
  /** Certificates of databases: PEM, or a file's path. */
  readonly caBundle: string;
  now(): Date;
}

/** No preflight where it does not apply. */
export type PreflightCheck = (subject: Subject) => Promise<Preflight[]>;

export function found(
  check: Preflight['check'],
  level: PreflightLevel,
  code: string,
  text: string,
  remedy?: string,
): Preflight {
  return { check, level, code, text, ...(remedy && { remedy }) };
}
