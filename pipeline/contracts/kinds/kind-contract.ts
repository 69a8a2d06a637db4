import type * as v from 'valibot';
import type { RotatedManifestSecrets } from '../manifest/entries/manifest-secret-types.ts';
import type { SecretKind } from '../secret-kinds.ts';

/** What the contracts know of one kind of secret: its value, its settings, and its entry of the manifest. */
export interface KindContract<Kind extends SecretKind> {
  /** Parses a secret's value. Unknown fields are kept. */
  readonly payload: v.GenericSchema<any, unknown>;
  /** Parses the rotator's settings. */
  readonly settings: v.GenericSchema;
  /** The entry of the manifest: a `strictObject` with `kind` and `...everyRotated`. */
  readonly entry: v.GenericSchema<unknown, RotatedManifestSecrets[Kind]>;
  /** What does not fit together in an entry, each with what to write instead. Pure. */
  problems(secret: RotatedManifestSecrets[Kind]): string[];
  /** The rotator's settings as the manifest says them: names where the deployed ones have ARNs. Pure. */
  rotator(secret: RotatedManifestSecrets[Kind]): Record<string, unknown>;
  /** How Secrets Manager generates the first value of a new secret. */
  readonly newSecret: NewSecretContract<RotatedManifestSecrets[Kind]>;
  /**
   * What a check of type `database` takes from the entry. Missing: secrets of this kind hold no login of a database.
   */
  databaseCheckDefaults?(secret: RotatedManifestSecrets[Kind]): Record<string, unknown>;
}

export interface NewSecretContract<Entry> {
  /** The member that the first value is generated into. Missing: the whole value is generated. */
  readonly generatedMember?: string;
  readonly length: number;
  /** Members that `template` must have. */
  readonly neededMembers: readonly string[];
  /** Why the first value of this secret cannot be generated. */
  impossible?(secret: Entry, template: Readonly<Record<string, unknown>>): string | undefined;
}
