/**
 * The kinds of secret that Keyturn rotates. A further kind begins with its name here: the compiler then asks for its
 * contract (`kinds/kind-contracts.ts`), for what it needs when it is deployed (`stacks/kinds.ts`) and for its entry of the
 * manifest (`manifest/entries/manifest-secret-types.ts`). This file imports nothing, so that every function can know the names.
 */
export const secretKinds = ['postgres', 'jwt', 'api-key'] as const;
export type SecretKind = (typeof secretKinds)[number];

/** What settings name beside the kinds: a secret whose value others put. */
export const managedKinds = [...secretKinds, 'watched'] as const;
export type ManagedKind = (typeof managedKinds)[number];

/** Their rotation functions log in to databases: they run in the databases' network, with the databases' certificates. */
export const databaseKinds: readonly SecretKind[] = ['postgres'];

/** The audit finds the verification function of a kind in this variable of its environment; missing: none is rotated. */
export function verifyFunctionVariable(kind: SecretKind): string {
  return `KEYTURN_VERIFY_${kind.toUpperCase().replaceAll('-', '_')}_FUNCTION_ARN`;
}
