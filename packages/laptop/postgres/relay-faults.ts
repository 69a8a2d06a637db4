import type { ServerError } from './frames.ts';

/** Which calls a fault hits: from the `nth` match on (1 is the first), `times` times (default: once). */
interface Aim {
  readonly nth?: number;
  readonly times?: number;
  /** Only connections of this login. */
  readonly user?: string;
}

export type RelayFault =
  /** A connection is closed at once; with `error` it is turned away in PostgreSQL's words. */
  | ({ readonly kind: 'refuse'; readonly error?: ServerError } & Aim)
  /** `cut-before`: the statement never reaches the server. `cut-after`: the client still gets the answer.
   *  `lose-answer`: the effect is there, the answer is not. The connection ends in all three. */
  | ({ readonly kind: 'cut-before' | 'cut-after' | 'lose-answer'; readonly statement: RegExp } & Aim)
  | ({ readonly kind: 'delay'; readonly statement: RegExp; readonly milliseconds: number } & Aim)
  /** The statement is answered by this error and never reaches the server. */
  | ({ readonly kind: 'fail'; readonly statement: RegExp; readonly error: ServerError } & Aim);

export type StatementFault = Exclude<RelayFault, { kind: 'refuse' }>;

export interface InjectedFault {
  readonly fault: RelayFault;
  /** How often it has struck. */
  readonly hits: number;
  remove(): void;
}

interface Entry {
  fault: RelayFault;
  matches: number;
  hits: number;
}

/** The faults of one endpoint. */
export class RelayFaults {
  #entries: Entry[] = [];

  inject(fault: RelayFault): InjectedFault {
    const entry: Entry = { fault, matches: 0, hits: 0 };
    this.#entries.push(entry);
    return {
      fault,
      get hits() {
        return entry.hits;
      },
      remove: () => {
        this.#entries = this.#entries.filter((other) => other !== entry);
      },
    };
  }

  clear(): void {
    this.#entries = [];
  }

  forConnection(user: string): Extract<RelayFault, { kind: 'refuse' }> | undefined {
    return this.#strike((fault) => fault.kind === 'refuse', user) as
      | Extract<RelayFault, { kind: 'refuse' }>
      | undefined;
  }

  forStatement(user: string, text: string): StatementFault | undefined {
    return this.#strike((fault) => fault.kind !== 'refuse' && matches(fault.statement, text), user) as
      | StatementFault
      | undefined;
  }

  #strike(meant: (fault: RelayFault) => boolean, user: string): RelayFault | undefined {
    let struck: Entry | undefined;
    for (const entry of this.#entries) {
      const { fault } = entry;
      if ((fault.user !== undefined && fault.user !== user) || !meant(fault)) continue;
      entry.matches += 1;
      if (struck || entry.matches < (fault.nth ?? 1) || entry.hits >= (fault.times ?? 1)) continue;
      entry.hits += 1;
      struck = entry;
    }
    return struck?.fault;
  }
}

/** A pattern with the g flag remembers where it was: not here. */
const matches = (pattern: RegExp, text: string) =>
  new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).test(text);
