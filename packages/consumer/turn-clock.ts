/**
 * Returns a clock that reads the system's time at most once in a synchronous run of code. Reading the time takes several
 * times as long as reading the cache. After an `await` the clock reads the time again, so an environment that was frozen
 * finds its values expired.
 */
export function turnClock(): () => number {
  let known: number | undefined;
  const forget = () => {
    known = undefined;
  };
  return () => {
    if (known !== undefined) return known;
    known = Date.now();
    // Fake timers in an application's tests may hold queueMicrotask back.
    Promise.resolve().then(forget);
    return known;
  };
}
