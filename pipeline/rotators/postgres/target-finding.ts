export interface PreflightFinding {
  readonly code: string;
  /** A rotation would be refused. Otherwise it goes through, with less than it could give. */
  readonly blocks: boolean;
  readonly text: string;
  /** The statement that repairs it, for a person who may run it. */
  readonly statement?: string;
}

/** What the roles of the target lack; each has its statement. */
export interface TargetFinding extends PreflightFinding {
  readonly statement: string;
}
