import { type ChildProcess, spawn } from 'node:child_process';

// Reads "+ pid" and "- pid"; when its input ends, for whatever reason, everything still on the list is killed.
const script = `pids=" "
while read -r verb pid; do
  case $verb in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -9 "$pid" 2>/dev/null; done`;

/**
 * Outlives this process by a moment, to end the environments that are running when it is killed. (Frozen ones end by
 * themselves, at the end of their pipe.)
 */
export class Guardian {
  #shell: ChildProcess | undefined;

  watch(pid: number): void {
    this.#send(`+ ${pid}`);
  }

  release(pid: number): void {
    if (this.#shell) this.#send(`- ${pid}`);
  }

  /** Kills whatever is still watched. May be called twice; `watch` starts it again. */
  close(): void {
    this.#shell?.stdin?.end();
    this.#shell = undefined;
  }

  #send(line: string): void {
    this.#shell ??= this.#start();
    this.#shell.stdin?.write(`${line}\n`);
  }

  #start(): ChildProcess {
    // A process group of its own: an interrupt at the terminal must not end it first.
    const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env: {} });
    shell.on('error', () => {
      this.#shell = undefined;
    });
    shell.stdin?.on('error', () => {
      this.#shell = undefined;
    });
    shell.on('exit', () => {
      if (this.#shell === shell) this.#shell = undefined;
    });
    shell.unref();
    (shell.stdin as unknown as { unref(): void }).unref();
    return shell;
  }
}
