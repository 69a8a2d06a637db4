/** Asks until there is an answer. The deadline is generous: a slow machine is not a failure. */
export async function eventually<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined> | Answer | undefined,
  seconds = 120,
): Promise<Answer> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`After ${seconds} seconds there is still not ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
