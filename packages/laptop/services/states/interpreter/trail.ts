/** Writes an event into an execution's history and answers its id. */
export type Emit = (type: string, details: Record<string, unknown>, previousEventId: number) => number;

/**
 * Where in the history a branch is. An event's predecessor is the last one that moved its branch; what only notes that
 * something is over (MapIterationSucceeded, MapStateSucceeded) moves nothing.
 */
export class Trail {
  /** What the next event comes after. */
  last: number;
  /** The youngest event of this branch. */
  published: number;
  /** Type of the state that has been entered and not left. */
  openState: string | undefined;
  readonly #emit: Emit;

  constructor(emit: Emit, last = 0) {
    this.#emit = emit;
    this.last = last;
    this.published = last;
  }

  emit(type: string, details: Record<string, unknown> = {}): number {
    this.published = this.#emit(type, details, this.last);
    this.last = this.published;
    return this.published;
  }

  /** An event that the next one does not come after. */
  note(type: string, details: Record<string, unknown> = {}): void {
    this.published = this.#emit(type, details, this.last);
  }

  /** An event that comes after another than the last. */
  emitAfter(previousEventId: number, type: string, details: Record<string, unknown>): void {
    this.last = previousEventId;
    this.emit(type, details);
  }

  fork(): Trail {
    return new Trail(this.#emit, this.last);
  }

  /** Goes on after all of the branches. */
  join(branches: readonly Trail[]): void {
    this.last = Math.max(this.last, ...branches.map(({ published }) => published));
    this.published = this.last;
  }

  /** Goes on after what a branch failed with, and notes which states were open in it and in the others. */
  failAfter(failed: Trail): void {
    this.last = failed.last;
    this.published = failed.published;
  }

  noteAborted(branch: Trail): void {
    if (branch.openState && abortable.includes(branch.openState)) this.note(`${branch.openState}StateAborted`);
  }
}

/** The states whose abortion is an event. https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html */
const abortable: readonly string[] = ['Task', 'Wait', 'Map', 'Parallel'];

/** `{input: "…", inputDetails: {truncated: false}}` */
export function data(member: 'input' | 'output', value: unknown): Record<string, unknown> {
  return { [member]: JSON.stringify(value), [`${member}Details`]: { truncated: false } };
}
