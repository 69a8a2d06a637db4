import type { Socket } from 'node:net';
import { type Clock, sleep } from '../clock.ts';
import { errorFrame, type Frame, FrameReader, readyFrame } from './frames.ts';
import type { RelayFaults, StatementFault } from './relay-faults.ts';
import { StatementReader } from './statements.ts';

export interface ConversationOptions {
  readonly client: Socket;
  readonly database: Socket;
  readonly user: string;
  readonly clock: Clock;
  readonly faults: RelayFaults;
  onStatement(text: string): void;
  /** The server has admitted the client, or refused it with this message. */
  onAuthenticated?(refusal?: Frame): void;
  /** False when the session is ready already: then another client may have it when this one goes. */
  readonly authenticating: boolean;
}

export type Ending =
  /** The client has gone in peace and the server owes nothing: the session could serve another client. */
  { kind: 'client-left'; transaction: 'I' | 'T' | 'E' } | { kind: 'over' };

type Side = 'client' | 'database';

/**
 * Carries messages between client and server, in order and with back pressure, until one of them has gone. Statements are
 * reported and faults strike between the messages.
 */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #statements = new StatementReader();
  readonly #readers = { client: new FrameReader(), database: new FrameReader() };
  readonly #chains: Record<Side, Promise<void>> = { client: Promise.resolve(), database: Promise.resolve() };
  /** Answers that the server owes: one ReadyForQuery for the login, each Query, Sync and FunctionCall. */
  #owed: number;
  #transaction: 'I' | 'T' | 'E' = 'I';
  /** Strikes when the server has answered. */
  #pending: StatementFault | undefined;
  /** After an error in the extended protocol a server ignores everything up to Sync, and so do we in its place. */
  #failing = false;
  #authenticating: boolean;
  #finish: ((ending: Ending) => void) | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#authenticating = options.authenticating;
    this.#owed = options.authenticating ? 1 : 0;
  }

  run(): Promise<Ending> {
    const { client, database } = this.#options;
    return new Promise((resolve) => {
      const cleanups = [
        this.#listen('client', client, (frame) => this.#fromClient(frame)),
        this.#listen('database', database, (frame) => this.#fromDatabase(frame)),
      ];
      this.#finish = (ending) => {
        this.#finish = undefined;
        for (const cleanup of cleanups) cleanup();
        client.on('error', () => client.destroy());
        client.end();
        if (ending.kind === 'over' || this.#options.authenticating) {
          database.on('error', () => database.destroy());
          database.end();
        }
        resolve(ending);
      };
      client.resume();
      database.resume();
    });
  }

  /** Ends both sides now, without waiting for what is under way. */
  cut(): void {
    this.#options.client.destroy();
    this.#options.database.destroy();
    this.#finish?.({ kind: 'over' });
  }

  #listen(side: Side, socket: Socket, handle: (frame: Frame) => void | Promise<void>): () => void {
    const onData = (chunk: Buffer) => {
      socket.pause();
      this.#chains[side] = this.#chains[side]
        .then(async () => {
          for (const frame of this.#readers[side].push(chunk)) if (this.#finish) await handle(frame);
          if (this.#finish) socket.resume();
        })
        .catch(() => this.cut());
    };
    // What came before the end is carried over first: a FATAL message is followed by the end.
    const onEnd = () => void this.#chains[side].then(() => this.#left(side));
    socket.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onEnd);
    return () => socket.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onEnd);
  }

  #left(side: Side): void {
    const inPeace = side === 'client' && this.#owed === 0 && !this.#failing && !this.#options.database.destroyed;
    this.#finish?.(inPeace ? { kind: 'client-left', transaction: this.#transaction } : { kind: 'over' });
  }

  async #fromClient(frame: Frame): Promise<void> {
    if (frame.type === 'X' && !this.#options.authenticating) return this.#left('client');
    if (this.#failing) {
      if (frame.type !== 'S') return;
    } else {
      const text = this.#owed > 0 && this.#authenticating ? undefined : this.#statements.read(frame);
      if (text !== undefined && !(await this.#mayGoOn(text, frame))) return;
    }
    if (frame.type === 'Q' || frame.type === 'S' || frame.type === 'F') this.#owed += 1;
    await this.#write('database', frame.raw);
  }

  /** Reports a statement and lets a fault strike; false when the message does not go on to the server. */
  async #mayGoOn(text: string, frame: Frame): Promise<boolean> {
    const { faults, user, clock, client } = this.#options;
    this.#options.onStatement(text);
    const fault = faults.forStatement(user, text);
    if (!fault) return true;
    if (fault.kind === 'delay') {
      await sleep(clock, fault.milliseconds);
      return true;
    }
    if (fault.kind === 'cut-before') {
      this.cut();
      return false;
    }
    if (fault.kind === 'fail') {
      client.write(errorFrame({ severity: 'ERROR', ...fault.error }));
      if (frame.type === 'Q') client.write(readyFrame(this.#transaction === 'I' ? 'I' : 'E'));
      else this.#failing = true;
      return false;
    }
    this.#pending = fault;
    return true;
  }

  async #fromDatabase(frame: Frame): Promise<void> {
    if (this.#authenticating) this.#watchLogin(frame);
    if (frame.type === 'Z') {
      this.#owed -= 1;
      this.#transaction = String.fromCharCode(frame.body[0]!) as 'I' | 'T' | 'E';
    }
    const answered = frame.type === 'Z' && this.#owed === 0;
    if (this.#pending?.kind === 'lose-answer') {
      if (answered) this.cut();
      return;
    }
    // The answers to what led up to a statement that we failed in the server's place: the client has its error already.
    if (this.#failing && frame.type !== 'Z') return;
    if (frame.type === 'Z') this.#failing = false;
    await this.#write('client', frame.raw);
    if (answered && this.#pending) this.#finish?.({ kind: 'over' });
  }

  #watchLogin(frame: Frame): void {
    if (frame.type !== 'E' && frame.type !== 'Z') return;
    this.#authenticating = false;
    this.#options.onAuthenticated?.(frame.type === 'E' ? frame : undefined);
  }

  #write(to: Side, bytes: Buffer): Promise<void> | void {
    const socket = this.#options[to];
    if (socket.write(bytes) || socket.destroyed) return;
    return new Promise((resolve) => {
      const go = () => {
        socket.off('drain', go).off('close', go);
        resolve();
      };
      socket.on('drain', go).on('close', go);
    });
  }
}
