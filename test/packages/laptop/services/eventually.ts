const LONGEST_MILLISECONDS = 20_000;

/** Waits for something that comes true by itself, however slow the machine; throws with what was last seen. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  holds: (found: T) => boolean = Boolean,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + LONGEST_MILLISECONDS;
  for (;;) {
    const found = await look();
    if (holds(found)) return found as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`Waited in vain; last seen: ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
