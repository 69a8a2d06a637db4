/**
 * The system's time, read at most once in a synchronous run of code: reading the clock takes several times as long as
 * reading the cache. Whoever waits for anything sees the time anew, so a frozen environment finds its values expired.
 */
export function turnClock(): () => number {
  let known: number | undefined;
  const forget = () => {
    known = undefined;
  };
  return () => {
    if (known !== undefined) return known;
    known = Date.now();
    // Not queueMicrotask, which fake timers in people's tests may hold back.
    Promise.resolve().then(forget);
    return known;
  };
}
