import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { ServerFolders } from './server-folders.ts';

export interface WrappedServer {
  readonly stopped: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Holds the server while our end of a pipe is open. However this process ends, the kernel closes the pipe: the server is
 * then stopped at once (its data are thrown away, no checkpoint is needed) and its folders removed. A server that ends by
 * itself leaves them to this process, which may try again. A shell does it with a megabyte where a second Node would take
 * forty. A job in the background has no standard input: hence descriptor 3.
 */
const script = `
exec 3<&0
root=$1; socket=$2; shift 2
"$@" </dev/null 3<&- &
server=$!
( cat <&3 >/dev/null 2>&1; : > "$root/ended"; kill -QUIT "$server" ) 2>/dev/null &
watcher=$!
wait "$server"
code=$?
kill "$watcher" 2>/dev/null
if [ -e "$root/ended" ]; then rm -rf "$root" "$socket" 2>/dev/null; fi
exit "$code"
`;

/** Starts the server in a session of its own, so that a Ctrl-C meant for this process does not reach it first. */
export function startWrapped(options: {
  postgres: string;
  parameters: readonly string[];
  folders: ServerFolders;
  account: { uid: number; gid: number } | undefined;
}): WrappedServer {
  const { folders } = options;
  const log = openSync(folders.logFile, 'a', 0o600);
  const child = spawn(
    '/bin/sh',
    ['-c', script, 'postgres-wrapper', folders.root, folders.socket, options.postgres, ...options.parameters],
    {
      ...options.account,
      cwd: '/',
      detached: true,
      env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['pipe', log, log],
    },
  );
  closeSync(log);
  const stopped = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  child.unref();
  (child.stdin as unknown as { unref?(): void }).unref?.();
  child.stdin?.on('error', () => undefined); // the wrapper has gone: `stopped` says so
  return {
    stopped,
    stop() {
      child.ref();
      child.stdin?.destroy();
      return stopped;
    },
  };
}
