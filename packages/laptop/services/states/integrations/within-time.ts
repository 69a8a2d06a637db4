import type { Clock } from '../../../clock.ts';
import { heartbeatTimedOut, timedOut } from '../interpreter/errors.ts';
import type { TaskCall } from '../interpreter/frame.ts';

/** Runs until it ends, its time is up, no heartbeat comes, or it is no longer wanted. */
export async function withinTime<Result>(
  clock: Clock,
  { timeoutSeconds, heartbeatSeconds, signal }: Pick<TaskCall, 'timeoutSeconds' | 'heartbeatSeconds' | 'signal'>,
  run: (signal: AbortSignal, heartbeat: () => void) => Promise<Result>,
): Promise<Result> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  let heartbeatTimer: { cancel(): void } | undefined;
  const heartbeat = () => {
    heartbeatTimer?.cancel();
    if (heartbeatSeconds === undefined) return;
    heartbeatTimer = clock.after(heartbeatSeconds * 1000, () => stop.abort(heartbeatTimedOut()));
  };
  const timer =
    timeoutSeconds === undefined ? undefined : clock.after(timeoutSeconds * 1000, () => stop.abort(timedOut()));
  const ended = new Promise<never>((_, reject) => {
    both.addEventListener('abort', () => reject(both.reason), { once: true });
  });
  try {
    both.throwIfAborted();
    const work = run(both, heartbeat);
    // The work may still end later. Nothing waits for it then, so its rejection must not count as unhandled.
    work.catch(() => undefined);
    return await Promise.race([work, ended]);
  } finally {
    timer?.cancel();
    heartbeatTimer?.cancel();
    ended.catch(() => undefined);
  }
}
