import { setTimeout as pause } from 'node:timers/promises';
import type { Laptop, Value } from './laptop.ts';

export interface TrafficResult {
  readonly requests: number;
  readonly failures: string[];
}

/**
 * Clients that open a new connection for each request, as functions do: each reads AWSCURRENT at most once in
 * `maxAgeMilliseconds` and runs one statement.
 */
export class Traffic {
  readonly #laptop: Laptop;
  readonly #secretId: string;
  readonly #at: { host: string } | undefined;
  readonly #clients: Promise<void>[];
  readonly #failures: string[] = [];
  #requests = 0;
  #stopped = false;

  constructor(
    laptop: Laptop,
    secretId: string,
    options: { clients: number; maxAgeMilliseconds: number; pauseMilliseconds?: number; at?: { host: string } },
  ) {
    this.#laptop = laptop;
    this.#secretId = secretId;
    this.#at = options.at;
    const { maxAgeMilliseconds, pauseMilliseconds = 5 } = options;
    this.#clients = Array.from({ length: options.clients }, () => this.#client(maxAgeMilliseconds, pauseMilliseconds));
  }

  get requests(): number {
    return this.#requests;
  }

  async stop(): Promise<TrafficResult> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    return { requests: this.#requests, failures: this.#failures };
  }

  async #client(maxAgeMilliseconds: number, pauseMilliseconds: number): Promise<void> {
    let held: { value: Value; readAt: number } | undefined;
    while (!this.#stopped) {
      if (!held || Date.now() - held.readAt > maxAgeMilliseconds) {
        held = { value: await this.#laptop.value(this.#secretId), readAt: Date.now() };
      }
      this.#requests += 1;
      await this.#request(held.value);
      await pause(pauseMilliseconds);
    }
  }

  async #request(value: Value): Promise<void> {
    try {
      await this.#laptop.query(value, 'INSERT INTO traffic DEFAULT VALUES', this.#at);
    } catch (error) {
      const { code = '', message } = error as Error & { code?: string };
      this.#failures.push(`${value.username}: ${code} ${message}`);
    }
  }
}
