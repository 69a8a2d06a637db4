import type { RotatedManifestSecret } from '../pipeline/contracts/manifest/entries/manifest-secret-types.ts';
import { databaseKinds, type SecretKind } from '../pipeline/contracts/secret-kinds.ts';
import type { FunctionNetwork } from './function-network.ts';
import { deployedApiKey } from './kinds/api-key.ts';
import type { DeployedKind } from './kinds/deployed-kind.ts';
import { deployedJwt } from './kinds/jwt.ts';
import { deployedPostgres } from './kinds/postgres.ts';

/** What each kind of secret needs when it is deployed. */
export const deployedKinds = {
  postgres: deployedPostgres,
  jwt: deployedJwt,
  'api-key': deployedApiKey,
} satisfies { [Kind in SecretKind]: DeployedKind<Kind> };

/** What the kind of one entry needs, and takes that entry. */
export function deployedKindOf(entry: Pick<RotatedManifestSecret, 'kind'>): DeployedKind<any> {
  return deployedKinds[entry.kind];
}

/** How functions reach databases. */
export interface DatabaseAccess {
  /** @default - outside of a VPC */
  readonly network?: FunctionNetwork;
  /** @default - none */
  readonly environment?: Record<string, string>;
}

/** Where the rotation function of a kind runs: those that log in to databases have the databases' network and environment. */
export function placeOf(kind: SecretKind, databases: DatabaseAccess): DatabaseAccess {
  return databaseKinds.includes(kind) ? databases : {};
}
