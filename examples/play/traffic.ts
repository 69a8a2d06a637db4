import { pause } from './wait.ts';

const CLIENTS = 6;
const PAUSE_MILLISECONDS = 120;
/** A token is used as long as applications use one: until shortly before it ends. */
const TOKEN_MILLISECONDS = 240_000;
const KEPT_FAILURES = 20;

export interface TrafficCount {
  readonly requests: number;
  readonly failures: number;
  /** The first failures, as they were answered. */
  readonly examples: string[];
}

/** People who use the example all the time: they log in, add and list items, chat and look at the health. */
export class Traffic {
  readonly #url: string;
  readonly #account: { user: string; password: string };
  readonly #clients: Promise<void>[];
  readonly #examples: string[] = [];
  #requests = 0;
  #failures = 0;
  #stopped = false;

  constructor(url: string, account: { user: string; password: string }) {
    this.#url = url;
    this.#account = account;
    this.#clients = Array.from({ length: CLIENTS }, (_, index) => this.#client(index));
  }

  count(): TrafficCount {
    return { requests: this.#requests, failures: this.#failures, examples: this.#examples };
  }

  async stop(): Promise<TrafficCount> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    return this.count();
  }

  async #client(index: number): Promise<void> {
    let token = '';
    let issuedAt = 0;
    for (let turn = index; !this.#stopped; turn += 1) {
      if (Date.now() - issuedAt > TOKEN_MILLISECONDS) {
        token = (await this.#send('POST', '/login', '', this.#account))?.token ?? '';
        issuedAt = token ? Date.now() : 0;
      }
      await this.#turn(turn, token);
      await pause(PAUSE_MILLISECONDS);
    }
  }

  async #turn(turn: number, token: string): Promise<void> {
    if (turn % 12 === 3) await this.#send('POST', '/login', '', this.#account);
    else if (turn % 12 === 6) await this.#send('GET', '/health', token);
    else if (turn % 4 === 1) await this.#send('POST', '/chat', token, { message: `turn ${turn}` });
    else if (turn % 2 === 0) await this.#send('POST', '/items', token, { name: `item ${turn}` });
    else await this.#send('GET', '/items?limit=5', token);
  }

  async #send(method: string, path: string, token: string, body?: object): Promise<{ token?: string } | undefined> {
    this.#requests += 1;
    try {
      const response = await fetch(`${this.#url}${path}`, {
        method,
        redirect: 'error',
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (response.ok) return JSON.parse(text);
      this.#fail(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
    } catch (error) {
      this.#fail(`${method} ${path}: ${error instanceof Error ? `${error.message} ${error.cause ?? ''}` : error}`);
    }
    return undefined;
  }

  #fail(what: string): void {
    this.#failures += 1;
    if (this.#examples.length < KEPT_FAILURES) this.#examples.push(what);
  }
}
