import { EventEmitter } from 'node:events';
import type { Clock, Timer } from '../clock.ts';
import type { Environment, EnvironmentRequest, InitEnding, InvocationEnding } from './environment.ts';

/** What environments are made from: a function's version as it was configured at one moment. `key` identifies it. */
export interface Snapshot {
  readonly key: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly version: string;
  /** The RevisionId under which this configuration was first seen. */
  readonly configurationRevision: string;
}

export type EnvironmentState = 'initialising' | 'idle' | 'busy' | 'ended';
export type InitializationType = 'on-demand' | 'provisioned-concurrency';

/** A line of the live listing. */
export interface EnvironmentRecord {
  readonly id: string;
  readonly functionName: string;
  readonly functionArn: string;
  readonly version: string;
  readonly configurationRevision: string;
  readonly initializationType: InitializationType;
  readonly state: EnvironmentState;
  readonly since: Date;
  readonly requestsServed: number;
  readonly pid?: number;
}

export interface Held {
  readonly environment: Environment;
  readonly snapshot: Snapshot;
  readonly initializationType: InitializationType;
  state: EnvironmentState;
  since: Date;
  requestsServed: number;
  retired: boolean;
  reaper?: Timer;
}

export interface PoolParts<S extends Snapshot> {
  readonly clock: Clock;
  readonly idleMilliseconds: number;
  /** Starts a process for the snapshot. */
  create(snapshot: S, initializationType: InitializationType): Environment;
  onEnd(environment: Environment): void;
}

export type InitResult =
  | { readonly held: Held; readonly initMilliseconds: number }
  | {
      readonly failure: Exclude<InitEnding, { kind: 'ready' }>;
      readonly initMilliseconds: number;
      readonly held: Held;
    };

/**
 * The live environments of all functions: one request at a time each, more of them under concurrency, idle ones ended
 * after a time, those of a snapshot that was replaced ended as soon as they have nothing to do.
 */
export class EnvironmentPool<S extends Snapshot> {
  readonly events = new EventEmitter<{ changed: [EnvironmentRecord] }>();
  readonly #parts: PoolParts<S>;
  readonly #held = new Map<string, Held>();

  constructor(parts: PoolParts<S>) {
    this.#parts = parts;
  }

  /** A warm environment that has nothing to do, the one used last first, taken at once. */
  takeIdle(snapshot: S): Held | undefined {
    let best: Held | undefined;
    for (const held of this.#held.values()) {
      if (held.snapshot.key !== snapshot.key || held.state !== 'idle' || held.retired || !held.environment.alive)
        continue;
      const provisioned = held.initializationType === 'provisioned-concurrency';
      const bestProvisioned = best?.initializationType === 'provisioned-concurrency';
      if (!best || (provisioned && !bestProvisioned) || (provisioned === bestProvisioned && held.since >= best.since)) {
        best = held;
      }
    }
    if (best) this.#move(best, 'busy');
    return best;
  }

  /** Starts one and waits until its handler is loaded; then it is busy, or dead. */
  async start(snapshot: S, initializationType: InitializationType, timeoutMilliseconds: number): Promise<InitResult> {
    const started = performance.now();
    const environment = this.#parts.create(snapshot, initializationType);
    const held: Held = {
      environment,
      snapshot,
      initializationType,
      state: 'initialising',
      since: this.#parts.clock.now(),
      requestsServed: 0,
      retired: false,
    };
    this.#held.set(environment.id, held);
    this.#notify(held);
    void environment.ended.then(() => {
      held.reaper?.cancel();
      this.#held.delete(environment.id);
      this.#move(held, 'ended');
      this.#parts.onEnd(environment);
    });
    const ending = await environment.initialise(timeoutMilliseconds);
    const initMilliseconds = performance.now() - started;
    if (ending.kind !== 'ready') return { failure: ending, initMilliseconds, held };
    this.#move(held, 'busy');
    return { held, initMilliseconds };
  }

  async invoke(held: Held, request: EnvironmentRequest, timeoutMilliseconds: number): Promise<InvocationEnding> {
    held.requestsServed++;
    return held.environment.invoke(request, timeoutMilliseconds);
  }

  /** Freezes an environment until its next request. */
  release(held: Held): void {
    if (!held.environment.alive) return;
    if (held.retired) {
      held.environment.kill();
      return;
    }
    this.#move(held, 'idle');
    if (held.initializationType === 'provisioned-concurrency') return;
    held.reaper = this.#parts.clock.after(this.#parts.idleMilliseconds, () => held.environment.kill());
  }

  /** No further request goes to environments for which `isOver` holds; those at work end after it. */
  retire(isOver: (snapshot: Snapshot, held: Held) => boolean): void {
    for (const held of this.#held.values()) {
      if (held.retired || !isOver(held.snapshot, held)) continue;
      held.retired = true;
      if (held.state === 'idle') held.environment.kill();
    }
  }

  /** Ends one at once, whatever it does; false when there is none of that id. */
  kill(id: string): boolean {
    const held = this.#held.get(id);
    held?.environment.kill();
    return held !== undefined;
  }

  records(): EnvironmentRecord[] {
    return [...this.#held.values()].map(record);
  }

  /** Environments of a function that are at work or starting for a request. */
  count(functionArn: string): number {
    return [...this.#held.values()].filter((held) => held.snapshot.functionArn === functionArn).length;
  }

  /** Ends all of them and waits until they are gone. */
  async close(): Promise<void> {
    const all = [...this.#held.values()];
    for (const held of all) held.environment.kill();
    await Promise.all(all.map((held) => held.environment.ended));
  }

  #move(held: Held, state: EnvironmentState): void {
    held.reaper?.cancel();
    held.state = state;
    held.since = this.#parts.clock.now();
    this.#notify(held);
  }

  #notify(held: Held): void {
    this.events.emit('changed', record(held));
  }
}

function record(held: Held): EnvironmentRecord {
  const { environment, snapshot, initializationType, state, since, requestsServed } = held;
  return {
    id: environment.id,
    functionName: snapshot.functionName,
    functionArn: snapshot.functionArn,
    version: snapshot.version,
    configurationRevision: snapshot.configurationRevision,
    initializationType,
    state,
    since,
    requestsServed,
    ...(environment.pid === undefined ? {} : { pid: environment.pid }),
  };
}
