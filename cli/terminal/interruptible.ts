/** Waits for work until Ctrl-C. The work itself is let go of: whoever calls ends the process. */
export async function interruptible<Result>(work: Promise<Result>): Promise<Result | 'interrupted'> {
  let interrupt: () => void = () => undefined;
  const interrupted = new Promise<'interrupted'>((resolve) => {
    interrupt = () => resolve('interrupted');
  });
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}
