import { setTimeout as wait } from 'node:timers/promises';
import type { Terminal } from '../terminal/terminal.ts';
import { Clients, type Connection } from './clients.ts';

/** What every command that talks to AWS works with. */
export interface Context {
  readonly terminal: Terminal;
  readonly clients: Clients;
  readonly pipelineName: string;
  /** One JSON document on standard output instead of words. */
  readonly json: boolean;
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
}

export interface ConnectionOptions extends Connection {
  readonly pipeline: string;
  readonly json?: boolean;
}

export function openContext(terminal: Terminal, options: ConnectionOptions): Context {
  return {
    terminal,
    clients: new Clients(options),
    pipelineName: options.pipeline,
    json: options.json ?? false,
    now: () => new Date(),
    sleep: (milliseconds) => wait(milliseconds),
  };
}
