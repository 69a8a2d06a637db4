import type { RotatedManifestSecret } from '../manifest/entries/manifest-secret-types.ts';
import type { SecretKind } from '../secret-kinds.ts';
import { apiKeyContract } from './api-key.ts';
import { jwtContract } from './jwt.ts';
import type { KindContract } from './kind-contract.ts';
import { postgresContract } from './postgres.ts';

/** The contract of each kind of secret. `secret-kinds.ts` names the kinds, and begins the recipe for a further one. */
export const kindContracts = {
  postgres: postgresContract,
  jwt: jwtContract,
  'api-key': apiKeyContract,
} satisfies { [Kind in SecretKind]: KindContract<Kind> };

/** The contract of the kind of one entry, which takes that entry. */
export function contractOf(secret: Pick<RotatedManifestSecret, 'kind'>): KindContract<any> {
  return kindContracts[secret.kind];
}
