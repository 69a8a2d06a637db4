import type { Access, Cloud, Principal } from '../cloud.ts';

/** One call of one operation: who, what, on what, with which end. Never holds inputs or outputs. */
export interface RecordedCall {
  /** Counts up from 1 over the whole run; never reused, not even after a reset. */
  readonly sequence: number;
  readonly time: string;
  readonly requestId: string;
  readonly source: 'wire' | 'inside';
  readonly principal: string;
  readonly principalKind: Principal['kind'];
  readonly sessionName?: string;
  readonly service: string;
  readonly operation: string;
  readonly region: string;
  /** ARNs the call needed a permission for; empty until authorisation was reached. */
  readonly resources: readonly string[];
  /** `ok`, or the error's code. */
  readonly outcome: string;
  /** The rule that interfered, where one did. */
  readonly fault?: string;
  readonly durationMilliseconds: number;
}

/** A permission that was used: what a role's policies must grant, and by its absence what they need not. */
export interface UsedAccess {
  readonly identity: string;
  readonly action: string;
  readonly resource: string;
  readonly count: number;
  readonly allowed: boolean;
}

export interface CallFilter {
  readonly service?: string;
  readonly operation?: string;
  /** Part of an ARN in `resources`. */
  readonly resource?: string;
  /** Part of the principal's ARN. */
  readonly principal?: string;
  readonly outcome?: string;
  readonly afterSequence?: number;
}

const DEFAULT_CAPACITY = 20_000;
const MOST_ACCESSES = 50_000;

/** Remembers the last calls and every distinct access. */
export class Recorder {
  #calls: RecordedCall[] = [];
  #sequence = 0;
  readonly #accesses = new Map<string, { -readonly [K in keyof UsedAccess]: UsedAccess[K] }>();
  readonly #subscribers = new Set<(call: RecordedCall) => void>();
  readonly #capacity: number;

  constructor(capacity = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  add(call: Omit<RecordedCall, 'sequence'>): RecordedCall {
    const recorded = { sequence: ++this.#sequence, ...call };
    this.#calls.push(recorded);
    // Dropping a tenth at a time keeps the cost of a full recorder small.
    if (this.#calls.length > this.#capacity) this.#calls = this.#calls.slice(Math.ceil(this.#capacity / 10));
    for (const subscriber of this.#subscribers) subscriber(recorded);
    return recorded;
  }

  noteAccess(principal: Principal, access: Access, allowed: boolean): void {
    const name = `${principal.identityArn} ${access.action} ${access.resource} ${allowed}`;
    const known = this.#accesses.get(name);
    if (known) known.count++;
    else if (this.#accesses.size < MOST_ACCESSES) {
      const { action, resource } = access;
      this.#accesses.set(name, { identity: principal.identityArn, action, resource, count: 1, allowed });
    }
  }

  calls(filter: CallFilter = {}): RecordedCall[] {
    return this.#calls.filter((call) => matches(call, filter));
  }

  accesses(): UsedAccess[] {
    return [...this.#accesses.values()].map((access) => ({ ...access }));
  }

  /** Hears every call once it has ended. Answers how to stop. */
  subscribe(listener: (call: RecordedCall) => void): () => void {
    this.#subscribers.add(listener);
    return () => this.#subscribers.delete(listener);
  }

  /** Forgets calls and accesses; subscribers stay, the sequence goes on. */
  clear(): void {
    this.#calls = [];
    this.#accesses.clear();
  }
}

function matches(call: RecordedCall, filter: CallFilter): boolean {
  return (
    (filter.service === undefined || call.service === filter.service) &&
    (filter.operation === undefined || call.operation === filter.operation) &&
    (filter.outcome === undefined || call.outcome === filter.outcome) &&
    (filter.afterSequence === undefined || call.sequence > filter.afterSequence) &&
    (filter.principal === undefined || call.principal.includes(filter.principal)) &&
    (filter.resource === undefined || call.resources.some((arn) => arn.includes(filter.resource as string)))
  );
}

/** The recorder of a running cloud, for services, which see it as `Cloud`. */
export function recorderOf(cloud: Cloud): Recorder {
  const { recorder } = cloud as Cloud & { recorder?: Recorder };
  if (!recorder) throw new TypeError('This cloud records nothing: make it with createCloud().');
  return recorder;
}
