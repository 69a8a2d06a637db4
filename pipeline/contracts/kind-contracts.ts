import { apiKeyContract } from './kinds/api-key.ts';
import { jwtContract } from './kinds/jwt.ts';
import type { KindContract } from './kinds/kind-contract.ts';
import { postgresContract } from './kinds/postgres.ts';
import type { RotatedManifestSecret } from './manifest-secret-types.ts';
import type { SecretKind } from './secret-kinds.ts';

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
