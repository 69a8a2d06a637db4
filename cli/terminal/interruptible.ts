/** Does work until it is done, or until Ctrl-C: then the signal aborts the work, and the caller does not wait for it. */
export async function interruptible<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result | 'interrupted'> {
  const interruption = new AbortController();
  const interrupted = new Promise<'interrupted'>((resolve) => {
    interruption.signal.addEventListener('abort', () => resolve('interrupted'));
  });
  const interrupt = () => interruption.abort();
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    return await Promise.race([work(interruption.signal), interrupted]);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
