import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { environmentOutside } from './run-command.ts';

/** A laptop's cloud that a command has started, in a process group of its own. */
export interface RunningLaptop {
  /** Its one line on standard output. */
  readonly ready: string;
  readonly endpoint: string;
  /** The folder in which its run leaves its key. */
  readonly runFolder: string;
  /** Ctrl-C in the terminal: every process of the command gets SIGINT. Answers the exit code of the command. */
  interrupt(): Promise<number | null>;
}

const started = new Set<ChildProcess>();
/** For `afterAll`: a test that fails leaves no process. */
export function endLaptops(): void {
  for (const child of started) signal(child, 'SIGKILL');
}

/** Starts the command and waits for the line that says that it is ready. */
export async function startLaptop(folder: string, [program = '', ...words]: readonly string[]): Promise<RunningLaptop> {
  const runFolder = join(folder, 'runs');
  const env = { ...environmentOutside(), LAPTOP_RUN_FOLDER: runFolder };
  const child = spawn(program, words, { cwd: folder, env, stdio: 'pipe', detached: true });
  started.add(child);
  const ended = once(child, 'exit').then(([code]) => {
    started.delete(child);
    return code as number | null;
  });
  const ready = await firstLine(child);
  const [endpoint] = /http:\/\/127\.0\.0\.1:\d+/.exec(ready) ?? [];
  if (endpoint === undefined) throw new Error(`Expected an address in: ${ready}`);
  const interrupt = () => {
    signal(child, 'SIGINT');
    return ended;
  };
  return { ready, endpoint, runFolder, interrupt };
}

function firstLine(child: ChildProcess): Promise<string> {
  let [printed, noted] = ['', ''];
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (printed.includes('\n')) resolve(printed.slice(0, printed.indexOf('\n')));
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      noted += text;
    });
    child.once('exit', (code) => reject(new Error(`It ended with ${code} before it was ready.\n${printed}${noted}`)));
  });
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(-pid, name);
}
