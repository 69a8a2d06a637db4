import { generateRingKey } from '../../../../pipeline/rotators/jwt/ring-key.ts';

/** How long the event loop was held up at the longest while `work` went on, and how long the work took. */
async function watchLoop(work: () => Promise<unknown>): Promise<{ longest: number; duration: number; turns: number }> {
  const began = performance.now();
  let last = began;
  let longest = 0;
  let turns = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    turns += 1;
  }, 1);
  await work();
  clearInterval(timer);
  const ended = performance.now();
  return { longest: Math.max(longest, ended - last), duration: ended - began, turns };
}

test('RSA keys are made beside the event loop, which goes on answering', async () => {
  const make = () => generateRingKey('RS512', { now: new Date(), rsaModulusBits: 4096 });
  const { longest, duration, turns } = await watchLoop(async () => {
    // One key may be found by luck at once; several take a second or more together.
    for (let key = 0; key < 4; key += 1) await make();
  });
  // On the loop itself each key would hold it for about a quarter of the time.
  expect(longest).toBeLessThan(duration / 8);
  expect(turns).toBeGreaterThan(20);
  console.info(
    `4 RSA keys of 4096 bits: ${Math.round(duration)} ms, the loop was held up for ${Math.round(longest)} ms at the longest, ${turns} turns`,
  );
});
