/** Asking takes the machine from what is waited for: the longer it takes, the less often. */
const PAUSE_MILLISECONDS = { first: 50, most: 150, growth: 1.1 };

/** Asks until there is an answer. The deadline is generous: a slow machine is not a failure. */
export async function eventually<Answer>(
  what: string,
  ask: () => Promise<Answer | undefined> | Answer | undefined,
  seconds = 120,
): Promise<Answer> {
  const deadline = Date.now() + seconds * 1000;
  let pause = PAUSE_MILLISECONDS.first;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`After ${seconds} seconds there is still not ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(pause * PAUSE_MILLISECONDS.growth, PAUSE_MILLISECONDS.most);
  }
}
