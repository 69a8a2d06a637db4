/** What an expression sees: `$states`, variables, time and chance. */
export interface Sight {
  readonly states: {
    readonly input: unknown;
    readonly context: unknown;
    readonly result?: unknown;
    readonly errorOutput?: unknown;
  };
  readonly variables: Readonly<Record<string, unknown>>;
  readonly now: Date;
  random(): number;
  /** Ends an evaluation that takes long. */
  readonly signal?: AbortSignal;
}
