/** What a decision asks of IAM. */
export interface PolicySource {
  /** Moves on with every change, so that decisions can be cached. */
  readonly generation: number;
  identity(arn: string): PolicyHolder | undefined;
  /** The text of a managed policy's default version. */
  managedDocument(arn: string): string | undefined;
}

/** A role or a user, as its policies and conditions see it. */
export interface PolicyHolder {
  readonly id: string;
  /** Inline policies: name → document, as text. */
  readonly inlinePolicies: ReadonlyMap<string, string>;
  /** ARNs of attached managed policies, in order. */
  readonly attachedPolicies: ReadonlySet<string>;
  readonly boundaryArn?: string;
  readonly tags: ReadonlyMap<string, string>;
}
