import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { FrameReader, writeFrame } from './frames.ts';
import type { Guardian } from './guardian.ts';

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.cjs', import.meta.url));
const PYTHON_BOOTSTRAP = fileURLToPath(new URL('./bootstrap.py', import.meta.url));
const SMALLEST_HEAP_MEGABYTES = 64;

export interface EnvironmentOptions {
  readonly id: string;
  /** What `/var/task` is on Lambda: working folder, and where the handler is looked for. */
  readonly codeFolder: string;
  /** The whole environment of the process; nothing of ours is added. */
  readonly variables: Readonly<Record<string, string>>;
  readonly memoryMegabytes: number;
  /** The interpreter of a Python function; this process's Node.js runs the others. */
  readonly pythonExecutable?: string;
  readonly guardian: Guardian;
  /** One entry of the log, ending in a line feed. */
  readonly onLog: (text: string, time: Date) => void;
}

export interface FunctionFailure {
  readonly errorType: string;
  readonly errorMessage: string;
  /** Of Node.js. */
  readonly trace?: readonly string[];
  /** Of Python, with the request in which it failed. */
  readonly stackTrace?: readonly string[];
  readonly requestId?: string;
}

export type Ending =
  /** The function failed; after an invocation the environment lives on, after an initialisation it does not. */
  | { readonly kind: 'error'; readonly error: FunctionFailure; readonly memoryMegabytes: number }
  | { readonly kind: 'exit'; readonly code: number | null; readonly signal: NodeJS.Signals | null }
  | { readonly kind: 'time-out' };
export type InitEnding = { readonly kind: 'ready' } | Ending;
export type InvocationEnding =
  | { readonly kind: 'answer'; readonly payload: string; readonly memoryMegabytes: number }
  | Ending;

export interface EnvironmentRequest {
  readonly requestId: string;
  /** JSON text. */
  readonly event: string;
  readonly invokedFunctionArn: string;
  /** Milliseconds since 1970 by the machine's clock, which the function reads too. */
  readonly deadlineMilliseconds: number;
  readonly traceId: string;
  /** JSON text. */
  readonly clientContext?: string;
}

type Message =
  | { type: 'log'; time: number; text: string }
  | { type: 'ready' }
  | { type: 'init-error'; error: FunctionFailure; memoryMegabytes: number }
  | { type: 'done'; payload?: string; error?: FunctionFailure; memoryMegabytes: number; last?: boolean };

/**
 * One execution environment: a process that serves one request at a time and is frozen in between by a blocking read of
 * its pipe. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 */
export class Environment {
  readonly id: string;
  readonly pid: number | undefined;
  readonly ended: Promise<void>;
  readonly #process: ChildProcess;
  readonly #pipe: Socket;
  readonly #options: EnvironmentOptions;
  readonly #frames = new FrameReader();
  #settle: ((message: InitEnding | InvocationEnding) => void) | undefined;
  #exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  /** What came while no request was waiting: a function that ends its process between two requests. */
  #early: InitEnding | InvocationEnding | undefined;

  constructor(options: EnvironmentOptions) {
    this.id = options.id;
    this.#options = options;
    const [command, args] = commandOf(options);
    this.#process = spawn(command, args, {
      cwd: options.codeFolder,
      env: { ...options.variables },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.pid = this.#process.pid;
    if (this.pid !== undefined) options.guardian.watch(this.pid);
    this.#pipe = this.#process.stdio[3] as Socket;
    this.#pipe.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#pipe.on('error', () => this.kill());
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      // Only what goes past `process.stdout` comes this way: the engine's own last words, native code.
      createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) =>
        options.onLog(`${line}\n`, new Date()),
      );
    }
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        if (this.pid !== undefined) options.guardian.release(this.pid);
        this.#exit ??= { code, signal };
        this.#finish({ kind: 'exit', code, signal });
        resolve();
      };
      this.#process.on('close', end);
      this.#process.on('error', () => end(null, null));
    });
  }

  get alive(): boolean {
    return this.#exit === undefined && this.#process.exitCode === null && !this.#process.killed;
  }

  /** Waits until the handler is loaded. Anything but `ready` leaves the environment dead. */
  async initialise(timeoutMilliseconds: number): Promise<InitEnding> {
    const ending = await this.#wait(timeoutMilliseconds);
    if (ending.kind !== 'ready') this.kill();
    if (ending.kind === 'answer') throw new Error('An environment answered before it was asked.');
    return ending;
  }

  /** Serves one request. After `answer` and `error` the environment can serve another one, unless it ended itself. */
  async invoke(request: EnvironmentRequest, timeoutMilliseconds: number): Promise<InvocationEnding> {
    if (this.#exit) return { kind: 'exit', ...this.#exit };
    this.#early = undefined;
    this.#pipe.write(writeFrame(request));
    const ending = await this.#wait(timeoutMilliseconds);
    if (ending.kind === 'exit' || ending.kind === 'time-out') this.kill();
    if (ending.kind === 'ready') throw new Error('An environment initialised twice.');
    return ending;
  }

  /** Ends the process at once. May be called twice. */
  kill(): void {
    if (!this.#exit) this.#process.kill('SIGKILL');
  }

  #wait(timeoutMilliseconds: number): Promise<InitEnding | InvocationEnding> {
    return new Promise((resolve) => {
      if (this.#early) return resolve(this.#early);
      if (this.#exit) return resolve({ kind: 'exit', ...this.#exit });
      // The function runs in real time, whatever the cloud's clock says.
      const timer = setTimeout(() => this.#finish({ kind: 'time-out' }), timeoutMilliseconds);
      this.#settle = (ending) => {
        clearTimeout(timer);
        resolve(ending);
      };
    });
  }

  #finish(ending: InitEnding | InvocationEnding): void {
    const settle = this.#settle;
    this.#settle = undefined;
    if (settle) settle(ending);
    else this.#early = ending;
  }

  #receive(chunk: Buffer): void {
    let messages: unknown[];
    try {
      messages = this.#frames.push(chunk);
    } catch {
      // Code that writes to our pipe has broken its own environment and no other.
      this.kill();
      return;
    }
    for (const message of messages) this.#take(message as Message);
  }

  #take(message: Message): void {
    switch (message.type) {
      case 'log':
        this.#options.onLog(message.text, new Date(message.time));
        break;
      case 'ready':
        this.#finish({ kind: 'ready' });
        break;
      case 'init-error':
        this.#finish({ kind: 'error', error: message.error, memoryMegabytes: message.memoryMegabytes });
        break;
      case 'done': {
        const { payload, error, memoryMegabytes } = message;
        // A function that broke down outside its handler reports that, and ends.
        if (message.last) this.kill();
        if (error) this.#finish({ kind: 'error', error, memoryMegabytes });
        else this.#finish({ kind: 'answer', payload: payload ?? 'null', memoryMegabytes });
      }
    }
  }
}

function commandOf({ pythonExecutable, memoryMegabytes }: EnvironmentOptions): [string, string[]] {
  // Without byte code written beside the sources, which are the deployed package; with the UTF-8 that Lambda's locale is.
  if (pythonExecutable !== undefined) return [pythonExecutable, ['-B', '-X', 'utf8', PYTHON_BOOTSTRAP]];
  const heap = Math.max(memoryMegabytes, SMALLEST_HEAP_MEGABYTES);
  return [process.execPath, [`--max-old-space-size=${heap}`, '--no-warnings', BOOTSTRAP]];
}
