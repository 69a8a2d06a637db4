/**
 * The checks that Keyturn brings. A further check begins with its name here: the compiler then asks for its parameters
 * (`settings/checks.ts`) and for the function that runs it (`handlers/check.ts`).
 */
export const ownCheckTypes = ['database', 'bedrock', 'consumer', 'http', 'jwks'] as const;
export type OwnCheckType = (typeof ownCheckTypes)[number];

/** `function`: a check that people bring. */
export const checkTypes = [...ownCheckTypes, 'function'] as const;
export type CheckType = (typeof checkTypes)[number];

/** These run in a function of their own, where databases are reached. */
export type DatabaseCheckType = 'database';
