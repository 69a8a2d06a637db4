/**
 * Who makes keys. What each operation promises:
 *
 * - `create` makes one credential more and leaves the others alone. It is not idempotent: killed after the vendor acted and
 *   before the answer was stored, it leaves an orphan, which `listOwn` shows.
 * - `verify` changes nothing, and says no only where the vendor does.
 * - `revoke` may be called twice; a credential that is gone is revoked.
 * - `listOwn` shows every credential that was made for this secret, perhaps among others.
 *
 * Errors are `TargetRefused` (another try does not help) or `TargetUnavailable` (it may). No value is in them.
 */
export interface KeyProvider {
  create(request: { name: string; current: CurrentCredential; emergency: boolean }): Promise<NewCredential>;
  /** `held` is what consumers with a stale cache hold; missing in an emergency, which they are not meant to survive. */
  verify(credential: Credential, held?: CurrentCredential): Promise<Verdict>;
  revoke(id: string): Promise<void>;
  listOwn(): Promise<ListedCredential[]>;
  /** The id that the key itself holds; undefined where only the vendor knows. */
  idOf?(key: string, listed: readonly ListedCredential[]): string | undefined;
  /** How orphans are known. */
  readonly orphans: OrphanRule;
}

/**
 * `name`: credentials carry the name that `create` was given. `every`: the settings say that every credential that is listed
 * belongs to this secret, so that ids which no version holds are orphans. `younger`: it is taken to be so, and only what is
 * younger than the one in use, and was never used itself, is an orphan. `none`: nothing exists outside of the secret.
 */
export type OrphanRule = 'name' | 'every' | 'younger' | 'none';

export interface Credential {
  readonly key: string;
  /** Undefined where a plain string has no place for it. */
  readonly id?: string;
}

/** What AWSCURRENT holds, with the object around it where there is one. */
export interface CurrentCredential extends Credential {
  readonly object?: Readonly<Record<string, unknown>>;
}

export interface NewCredential {
  readonly key: string;
  readonly id: string;
  /** Further members of a JSON secret; undefined takes one away. */
  readonly members?: Readonly<Record<string, string | undefined>>;
}

export interface ListedCredential {
  readonly id: string;
  readonly name?: string;
  readonly createdAt?: Date;
  /** Last use, where the vendor reports it: by what, as a person can find it. */
  readonly lastUsed?: { readonly at: Date; readonly by: string };
}

/** `unclear`: no answer, or one that is about something else than the key. */
export type Verdict =
  | { readonly verdict: 'accepted' }
  | { readonly verdict: 'refused' | 'unclear'; readonly reason: string };
