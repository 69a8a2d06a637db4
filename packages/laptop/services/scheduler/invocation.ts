/** The call that a schedule makes. */
export interface Invocation {
  readonly service: string;
  readonly operation: string;
  readonly input: unknown;
  readonly region: string;
}
